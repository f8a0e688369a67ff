import assert from "node:assert/strict";
import test from "node:test";

import { digest, parseMetrics, quantile } from "../../web/metrics.js";

const TEXT = `# HELP digitd_requests_total Answered requests.
# TYPE digitd_requests_total counter
digitd_requests_total{method="POST",route="/v1/models/{model}:predict",code="200"} 8
digitd_requests_total{method="POST",route="/v1/models/{model}:predict",code="400"} 2
digitd_requests_total{method="GET",route="/metrics",code="200"} 90
digitd_request_duration_seconds_bucket{method="POST",route="a, \\"b\\"}",le="0.001"} 4
digitd_request_duration_seconds_bucket{method="POST",route="c",le="0.001"} 1
digitd_request_duration_seconds_bucket{method="POST",route="c",le="+Inf"} 10
digitd_request_duration_seconds_bucket{method="GET",route="/",le="0.001"} 50
digitd_predictions_total{digit="7"} 5
digitd_predictions_total{digit="0"} 3
digitd_ready 1
`;

test("Prometheus text is read with its labels", () => {
  const families = parseMetrics(TEXT);
  assert.deepEqual(families.digitd_ready, [{ labels: {}, value: 1 }]);
  assert.equal(families.digitd_requests_total.length, 3);
  assert.equal(families.digitd_requests_total[0].labels.route, "/v1/models/{model}:predict");
});

test("only what was asked of the models counts as work", () => {
  const { requests, errors, buckets, digits } = digest(parseMetrics(TEXT));
  assert.equal(requests, 10);
  assert.equal(errors, 2);
  assert.deepEqual(buckets, [[0.001, 5], [Infinity, 10]]);
  assert.deepEqual(digits, [3, 0, 0, 0, 0, 0, 0, 5, 0, 0]);
  assert.equal(digest(parseMetrics("")).requests, 0);
});

test("quantiles are of what came between two readings", () => {
  const before = [[1, 10], [2, 10], [Infinity, 10]];
  const after = [[1, 20], [2, 30], [Infinity, 30]];
  assert.equal(quantile(0.5, before, after), 1);
  assert.equal(quantile(0.75, before, after), 1.5);
  assert.equal(quantile(0.5, before, before), null);
  assert.equal(quantile(0.5, [], []), null);
  assert.equal(quantile(0.99, [], [[1, 1], [Infinity, 10]]), 1);
});
