// The calls that do the same as the page, to be copied. They name a variable for the key, never the key.

import { withQuery } from "./api.js";

/** Commands for curl, and statements for our client in Python. */
export function codeFor(job, needsKey) {
  const service = new URL(".", location.origin + location.pathname).href;
  const labels = Object.entries(job.labels), { name: model } = job.model;
  const onError = job.on_error === "skip" ? undefined : job.on_error;
  const address = (path, query) => `'${service}${withQuery(path, query)}'`;
  const curl = needsKey ? "curl -H \"Authorization: Bearer $SCORELANE_KEY\"" : "curl";
  // JSON of texts and numbers is Python too.
  const options = Object.entries({ model, on_error: onError, labels: labels.length ? job.labels : undefined })
    .filter(([, value]) => value !== undefined).map(([name, value]) => `, ${name}=${JSON.stringify(value)}`).join("");
  return {
    curl: `# Follow this job
${curl} -N ${address(`/jobs/${job.id}/events`)}

# Download its rows
${curl} -o results.csv ${address(`/jobs/${job.id}/results`, { format: "csv" })}

# Score another file likewise
${curl} -F file=@your-file.csv ${address("/jobs", { model, on_error: onError, label: labels.map((one) => one.join(":")) })}`,
    python: `${needsKey ? "import os\n\n" : ""}from scorelane import Client

client = Client("${service}"${needsKey ? ", api_key=os.environ[\"SCORELANE_KEY\"]" : ""})

# Follow this job, and download its rows
job = client.wait("${job.id}", show=True)
job.save("results.csv")

# Score another file likewise
job = client.submit("your-file.csv"${options})`,
  };
}
