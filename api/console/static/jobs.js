// The page jobs.

import { heading } from "./components.js";
import { t } from "./messages.js";

/** The page jobs. */
export function jobs({ params, query, signal, who }) {
  return { title: t("nav.jobs"), node: [heading(t("nav.jobs"))] };
}
