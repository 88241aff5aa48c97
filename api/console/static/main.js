// Starts the console: who is there, which page the address names, whether the service answers.

import { call, hasKey, listen, useKey } from "./api.js";
import { announce, button, heading, trouble } from "./components.js";
import { fill, h } from "./dom.js";
import { rest } from "./live.js";
import { t } from "./messages.js";
import { job } from "./job.js";
import { jobs } from "./jobs.js";
import { keyForm } from "./key.js";
import { models } from "./models.js";
import { newJob } from "./new.js";
import { service } from "./service.js";

/**
 * The pages: address, the scope that it needs, and a function that makes it. A page gets
 * `{params, query, signal, who}` and returns `{title, node}`; `signal` is aborted when it is left.
 */
const PAGES = [
  [/^\/new$/, "submit", newJob],
  [/^\/jobs$/, "read", jobs],
  [/^\/jobs\/([^/]+)$/, "read", job],
  [/^\/models(?:\/([^/]+))?$/, "read", models],
  [/^\/service$/, "admin", service],
];

const main = document.getElementById("main");
let who = null;
let leaving = new AbortController();

async function start() {
  listen(askForKey, showConnection);
  addEventListener("hashchange", () => who && show());
  document.querySelector(".skip").addEventListener("click", (event) => {
    // Its address would name a page.
    event.preventDefault();
    main.focus();
  });
  await identify();
}

/** Ask the service who this is, and show the page of the address. */
async function identify() {
  try {
    who = await call("/identity");
  } catch (error) {
    if (error.status !== 401) fill(main, trouble(error, identify));
    return;
  }
  if (who.needs_key && !hasKey()) return askForKey();
  document.getElementById("release").textContent = who.version;
  for (const link of document.querySelectorAll("nav a")) link.hidden = !may(scopeOf(link.hash.slice(1)));
  fill(document.getElementById("who"), who.needs_key && [
    h("span", { class: "owner" }, who.owner),
    button(t("key.leave"), leave, { kind: "quiet" }),
  ]);
  // A person who has given a key goes on at the page's beginning.
  show({ first: !hasKey() });
}

/** Show the page that the address names. */
function show({ first = false } = {}) {
  leaving.abort();
  leaving = new AbortController();
  const [address, query] = location.hash.slice(1).split("?");
  const path = address.replace(/(.)\/$/, "$1");
  if (path === "" || path === "/") {
    // Not by `location`, whose event would move the focus of a person who has just come.
    history.replaceState(null, "", may("submit") ? "#/new" : "#/jobs");
    return show({ first });
  }
  const [page, params] = pageOf(path);
  for (const link of document.querySelectorAll("nav a")) {
    const isHere = path === link.hash.slice(1) || path.startsWith(`${link.hash.slice(1)}/`);
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const made = page
    ? page({ params, query: new URLSearchParams(query), signal: leaving.signal, who })
    : { title: t("missing.title"), node: [heading(t("missing.title")), h("p", {}, t("missing.text")), h("a", { class: "button", href: "#/" }, t("missing.start"))] };
  document.title = `${made.title} · Scorelane`;
  fill(main, made.node);
  if (!first) {
    main.querySelector("h1")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

function pageOf(path) {
  for (const [pattern, scope, page] of PAGES) {
    const found = pattern.exec(path);
    if (found && may(scope)) return [page, found.slice(1).map((one) => one && decoded(one))];
  }
  return [null, []];
}

// An address that a person has typed may have a % that stands for itself.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const scopeOf = (path) => PAGES.find(([pattern]) => pattern.test(path))[1];
const may = (scope) => who.scopes.includes(scope);

function askForKey() {
  leaving.abort();
  const isWrong = hasKey();
  useKey(null);
  // So that going back shows no page of the last person.
  who = null;
  document.title = `${t("key.title")} · Scorelane`;
  fill(main, keyForm(isWrong, async (key) => {
    useKey(key);
    // A header takes no other characters: the browser would not even send such a key.
    if (/^[\x21-\x7e]+$/.test(key)) await identify();
    else askForKey();
  }));
}

function leave() {
  useKey(null);
  announce(t("key.left"));
  fill(document.getElementById("who"));
  for (const link of document.querySelectorAll("nav a")) link.hidden = true;
  askForKey();
}

let isUp = true;

/** Say it while the service does not answer, and ask it until it does. */
async function showConnection(isNow) {
  if (isNow === isUp) return;
  isUp = isNow;
  const box = document.getElementById("connection");
  fill(box, isUp ? null : t("connection.lost"));
  box.classList.toggle("shown", !isUp);
  const never = new AbortController().signal;
  while (!isUp) {
    await rest(2, never);
    await call("/livez").catch(() => {});
  }
}

start();
