-- Prices as fast as the connections answer: B-1. A closed loop, so its latencies
-- forgive a server that stands still; chronos bench http does not.
--
--   wrk -t2 -c32 -d10s --latency -s bench/wrk/price.lua http://127.0.0.1:8080
--
-- wrk takes no thresholds; this ends with exit code 1 if an answer was not 200, or
-- none came, or p99 is 100 ms or more. The server wants --set http.rate_limit=0.
local function get(i)
  local amount = 1.25 + 2.5 * ((i * 7919) % 1000) / 1000 -- no answer is that of the request before
  return wrk.format("GET", string.format("/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=%.4f", amount))
end

local sent = 0

request = function()
  sent = sent + 1
  return get(sent)
end

done = function(summary, latency)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  local p99 = latency:percentile(99) / 1000
  io.write(string.format("requests %d, failed %d, p99 %.3f ms\n", summary.requests, failed, p99))
  if summary.requests == 0 or failed > 0 or p99 >= 100 then
    io.write("MISSED\n")
    os.exit(1)
  end
end
