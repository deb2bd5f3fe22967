-- Sends requests that were prepared as bytes, and reports as one line of JSON.
--   wrk -s prepared.lua URL -- FILE sequence|random [unique]
-- FILE holds records of "<length>\n<bytes>\n". With "unique" the first run of fourteen @ in a request is replaced by
-- a text that no other request has.
local threads = 0

function setup(thread)
    thread:set("thread_number", threads)
    threads = threads + 1
end

local function read(path)
    local file = assert(io.open(path, "rb"))
    local records = {}
    while true do
        local length = file:read("*n")
        if not length then break end
        file:read(1)
        records[#records + 1] = file:read(length)
        file:read(1)
    end
    file:close()
    return records
end

function init(arguments)
    local records = read(arguments[1])
    local next_number = thread_number * math.floor(#records / 2)
    local function in_sequence()
        next_number = next_number + 1
        return (next_number - 1) % #records + 1
    end
    local function at_random()
        return math.random(#records)
    end
    math.randomseed(os.time() + thread_number)
    local choose = arguments[2] == "random" and at_random or in_sequence

    if arguments[3] == "unique" then
        local heads, tails = {}, {}
        for index, record in ipairs(records) do
            local first, last = record:find("@@@@@@@@@@@@@@", 1, true)
            heads[index], tails[index] = record:sub(1, first - 1), record:sub(last + 1)
        end
        local start = string.format("%06x%d", os.time() % 0x1000000, thread_number)
        local count = 0
        request = function()
            local index = choose()
            count = count + 1
            return heads[index] .. start .. string.format("%07d", count) .. tails[index]
        end
    else
        request = function() return records[choose()] end
    end
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"failed":%d}\n', summary.requests,
        summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
        errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
