// The calls that do the same as the page, to be copied.

import { withQuery } from "./api.js";

const service = () => new URL(".", location.origin + location.pathname).href;
const address = (path, query) => `'${service()}${withQuery(path, query)}'`;

/** Commands for curl. They name the key's variable, never a key. */
export function curl(job, needsKey) {
  const run = needsKey ? "curl -H \"Authorization: Bearer $SCORELANE_KEY\"" : "curl";
  const path = `/jobs/${job.id}`;
  return [
    "# Follow this job", `${run} -N ${address(`${path}/events`)}`, "",
    "# Download its rows", `${run} -o results.csv ${address(`${path}/results`, { format: "csv" })}`, "",
    "# Score another file likewise", `${run} -F file=@your-file.csv ${address("/jobs", optionsOf(job))}`,
  ].join("\n");
}

/** Statements for our client in Python. */
export function python(job, needsKey) {
  const key = needsKey ? ", api_key=os.environ[\"SCORELANE_KEY\"]" : "";
  const { model, on_error: onError } = optionsOf(job);
  const options = [
    ["model", model], ["on_error", onError], ["labels", Object.keys(job.labels).length ? job.labels : undefined],
  ].filter(([, value]) => value !== undefined).map(([name, value]) => `, ${name}=${literal(value)}`).join("");
  return [
    ...(needsKey ? ["import os", ""] : []),
    "from scorelane import Client", "",
    `client = Client(${literal(service())}${key})`, "",
    "# Follow this job, and download its rows",
    `job = client.wait(${literal(job.id)}, show=True)`, "job.save(\"results.csv\")", "",
    "# Score another file likewise", `job = client.submit("your-file.csv"${options})`,
  ].join("\n");
}

const optionsOf = (job) => ({
  model: job.model.name,
  on_error: job.on_error === "skip" ? undefined : job.on_error,
  label: Object.entries(job.labels).map(([key, value]) => `${key}:${value}`),
});

// A JSON text, or an object of them, is the same in Python.
const literal = (value) => JSON.stringify(value);
