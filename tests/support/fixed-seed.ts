import fc from 'fast-check';

// `npm test` repeats the same random cases. `npm run test:servers` sets FC_SEED=random to generate new ones.
if (process.env['FC_SEED'] !== 'random') fc.configureGlobal({ seed: 20_261_120 });
