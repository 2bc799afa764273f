import fc from 'fast-check';

// `npm test` tries the same cases each time; the tests on real servers look for new ones (FC_SEED=random).
if (process.env['FC_SEED'] !== 'random') fc.configureGlobal({ seed: 20_261_120 });
