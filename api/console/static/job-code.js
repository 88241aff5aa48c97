// The calls that do the same as the page, to be copied. They name a variable for the key, never the key.

import { withQuery } from "./api.js";
import { t } from "./messages.js";

/** Commands for curl, and statements for our client in Python. */
export function codeFor(job, needsKey) {
  const service = new URL(".", location.origin + location.pathname).href;
  const { id, options, on_error: onError, model: { name: model } } = job;
  const given = { model, ...(onError === "skip" ? {} : { on_error: onError }), ...options };
  // Another file has another name.
  const { file, ...labels } = job.labels;
  const label = Object.entries(labels).map((pair) => pair.join(":"));
  const address = (path, query) => `'${service}${withQuery(path, query)}'`;
  const curl = needsKey ? "curl -H \"Authorization: Bearer $SCORELANE_API_KEY\"" : "curl";
  const again = `# ${t(options ? "job.code.again" : "job.code.unknown")}`;
  return {
    curl: `# ${t("job.code.follow")}
${curl} -N ${address(`/jobs/${id}/events`)}

# ${t("job.code.save")}
${curl} -o results.csv ${address(`/jobs/${id}/results`, { format: "csv" })}

${again}
${curl} -F file=@your-file.csv ${address("/jobs", { ...given, label })}`,
    python: `${needsKey ? "import os\n\n" : ""}from scorelane import Client

client = Client("${service}"${needsKey ? ", api_key=os.environ[\"SCORELANE_API_KEY\"]" : ""})

# ${t("job.code.follow")}
job = client.wait("${id}", show=True)

# ${t("job.code.save")}
job.save("results.csv")

${again}
job = client.submit("your-file.csv"${Object.entries(label.length ? { ...given, labels } : given).map(keyword).join("")})`,
  };
}

// JSON of texts, numbers and objects of texts is Python too.
function keyword([name, value]) {
  if (name === "retention_seconds") value = Number(value);
  if (name === "rename") value = Object.fromEntries(value.match(/"(?:[^"]|"")*"|[^,]+/g).map(renamed));
  return `, ${name}=${JSON.stringify(value)}`;
}

// `yours:its`, perhaps in quotes as in a CSV; a name may have a colon.
function renamed(pair) {
  const plain = pair.trim().replace(/^"(.*)"$/s, "$1").replaceAll("\"\"", "\"");
  const at = plain.lastIndexOf(":");
  return [plain.slice(0, at), plain.slice(at + 1)];
}
