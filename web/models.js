// What is served: [{model, version, state}], from the routes that clients know.

async function ask(url) {
  const response = await fetch(url);
  return response.ok ? response.json() : null;
}

export async function listVersions() {
  const models = (await ask("v1/models"))?.models ?? [];
  const lists = await Promise.all(
    models.map(async (model) => {
      const status = await ask(`v1/models/${encodeURIComponent(model)}`);
      return (status?.model_version_status ?? []).map(({ version, state }) => ({ model, version, state }));
    }),
  );
  return lists.flat();
}

// Whether corrections are collected.
export async function collectsFeedback() {
  return Boolean((await ask("v2"))?.extensions?.includes("feedback"));
}

// What was corrected, of one model: {total, right, confusion}; null if it is not collected.
export function listCorrections(model) {
  return ask(`v1/models/${encodeURIComponent(model)}/feedback`);
}
