// Prices at a constant arrival rate: B-3. Exit code 99 when a threshold is crossed.
//
//   k6 run -e H=http://127.0.0.1:8080 bench/k6/price.js
//
// RATE, DURATION and CONNECTIONS may be given with -e as well. The server wants
// --set http.rate_limit=0. k6 counts from when a request is sent, so it forgives what
// a late answer delays: chronos bench http does not. Dropped iterations are those
// for which no connection was free.
import http from 'k6/http';
import { check } from 'k6';

const base = __ENV.H || 'http://127.0.0.1:8080';
const connections = Number(__ENV.CONNECTIONS || 64);

export const options = {
  scenarios: {
    price: {
      executor: 'constant-arrival-rate',
      rate: Number(__ENV.RATE || 2000),
      timeUnit: '1s',
      duration: __ENV.DURATION || '10s',
      preAllocatedVUs: connections,
      maxVUs: connections,
    },
  },
  thresholds: {
    http_req_failed: ['rate<0.001'],
    http_req_duration: ['p(99)<100'],
    dropped_iterations: ['count==0'],
    checks: ['rate==1'],
  },
  summaryTrendStats: ['med', 'p(90)', 'p(99)', 'p(99.9)', 'max'],
};

export default function () {
  const amount = (1.25 + 2.5 * Math.random()).toFixed(4); // no answer is that of the request before
  const answer = http.get(`${base}/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=${amount}`, {
    tags: { name: 'price' },
  });
  check(answer, {
    'status is 200': (r) => r.status === 200,
    'is a price': (r) => r.body.includes('"kind":"indicative"'),
    'has a certificate': (r) => r.body.includes('"bound_units"'),
  });
}
