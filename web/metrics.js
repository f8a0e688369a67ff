// Reads Prometheus text: {name: [{labels, value}]}.
export function parseMetrics(text) {
  const families = {};
  for (const line of text.split("\n")) {
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!found) continue;
    const labels = {};
    for (const [, name, value] of (found[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
      labels[name] = value;
    (families[found[1]] ??= []).push({ labels, value: Number(found[3]) });
  }
  return families;
}

// Requests that are someone's, not a probe's or this page's look at the metrics.
const isWork = ({ labels }) => labels.method === "POST";

const sum = (samples) => samples.reduce((total, { value }) => total + value, 0);

// What one reading says: {requests, errors, buckets: [[seconds, count]], digits: [10]}; counts
// since the server's start.
export function digest(families) {
  const buckets = new Map();
  for (const { labels, value } of (families.digitd_request_duration_seconds_bucket ?? []).filter(isWork)) {
    const edge = labels.le === "+Inf" ? Infinity : Number(labels.le);
    buckets.set(edge, (buckets.get(edge) ?? 0) + value);
  }
  const digits = Array(10).fill(0);
  for (const { labels, value } of families.digitd_predictions_total ?? [])
    if (labels.digit in digits) digits[labels.digit] += value;
  const requests = (families.digitd_requests_total ?? []).filter(isWork);
  return {
    requests: sum(requests),
    errors: sum(requests.filter(({ labels }) => /^[45]/.test(labels.code))),
    buckets: [...buckets].sort(([a], [b]) => a - b),
    digits,
  };
}

// The seconds that a share of the requests between two readings took at most, in a straight line
// within its bucket; null if there was none.
export function quantile(share, before, after) {
  const grown = after.map(([edge, count], i) => [edge, count - (before[i]?.[1] ?? 0)]);
  const total = grown.at(-1)?.[1] ?? 0;
  if (total <= 0) return null;
  const rank = share * total;
  let [from, below] = [0, 0];
  for (const [edge, count] of grown) {
    if (count >= rank && count > below)
      return edge === Infinity ? from : from + ((edge - from) * (rank - below)) / (count - below);
    [from, below] = [edge, count];
  }
  return from;
}
