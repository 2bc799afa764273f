-- Requests of a cell for wrk, from the files that load/bench/http/wrk.ts writes. Every answer is checked.
local spec = dofile(os.getenv('BENCH_REQUESTS'))
local random, format, concat, find, sub = math.random, string.format, table.concat, string.find, string.sub

local lines = {}
for line in io.lines(spec.lines) do
  local fields = {}
  for field in line:gmatch('[^\t]+') do fields[#fields + 1] = field end
  lines[#lines + 1] = fields
end

math.randomseed(spec.seed)
sent = -1 -- wrk builds one request that it does not send
answered, failed, firstFailure = 0, 0, ''

local threads = {}
function setup(thread) threads[#threads + 1] = thread end

local function uuid()
  return format('%08x-%04x-4%03x-%04x-%04x%08x', random(0, 4294967295), random(0, 65535), random(0, 4095),
    random(32768, 49151), random(0, 65535), random(0, 4294967295))
end

function request()
  local index = sent < 0 and 0 or sent
  sent = sent + 1
  local fields = lines[index % #lines + 1]
  local parts = {}
  for i, part in ipairs(spec.parts) do
    if i % 2 == 1 then parts[i] = part
    elseif part == 'uuid' then parts[i] = uuid()
    elseif part == 'number' then parts[i] = random(100, 999)
    elseif index >= #lines and not spec.repeated then parts[i] = 'none left'
    else parts[i] = fields[tonumber(part)] end
  end
  local body = concat(parts)
  return spec.head .. #body .. '\r\n\r\n' .. body
end

function response(status, _, body)
  local correct = status == 200 and #body >= spec.size and find(body, spec.expected, 1, true)
    and (spec.expected == '' or (sub(body, 1, 8) == '{"data":' and find(sub(body, -4), '}}', 1, true)))
  if correct then answered = answered + 1
  else
    failed = failed + 1
    if firstFailure == '' then firstFailure = status .. ' ' .. sub(body, 1, 300) end
  end
end

function done(summary, latency)
  local answers, failures, first = 0, 0, ''
  for _, thread in ipairs(threads) do
    answers = answers + thread:get('answered')
    failures = failures + thread:get('failed')
    if first == '' then first = thread:get('firstFailure') end
  end
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  local points = {}
  for _, p in ipairs({ 1, 5, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 95, 97, 98, 99, 99.5, 99.9 }) do
    points[#points + 1] = format('%g:%g', p, latency:percentile(p) / 1000)
  end
  points[#points + 1] = format('100:%g', latency.max / 1000)
  io.write(format('\nRESULT\t%d\t%d\t%d\t%g\t%s\t%s\n', answers, failures, errors, summary.duration / 1000000,
    concat(points, ' '), (first:gsub('%s+', ' '))))
end
