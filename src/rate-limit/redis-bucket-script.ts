import { createHash } from 'node:crypto';

/**
 * Takes points from a bucket by one command, with the clock of Redis, so that servers with different clocks agree. A full
 * bucket has no key; any other expires when it would be full.
 *
 * KEYS: bucket. ARGV: capacity, points a second, points, 1 to take all or nothing. Returns {taken, level}.
 */
const SCRIPT = `
local capacity, rate, points = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local stored = redis.call('HMGET', KEYS[1], 'level', 'at')
local level = capacity
if stored[1] and stored[2] then
  level = math.min(capacity, tonumber(stored[1]) + math.max(0, now - tonumber(stored[2])) * rate / 1000)
end
if ARGV[4] == '1' and points > level then return {0, string.format('%.3f', level)} end
level = math.min(capacity, math.max(0, level - points))
if level >= capacity then
  redis.call('DEL', KEYS[1])
else
  redis.call('HSET', KEYS[1], 'level', string.format('%.3f', level), 'at', string.format('%.3f', now))
  redis.call('PEXPIRE', KEYS[1], math.ceil((capacity - level) * 1000 / rate))
end
return {1, string.format('%.3f', level)}
`;

export const TAKE_POINTS = { text: SCRIPT, sha: createHash('sha1').update(SCRIPT).digest('hex') };
