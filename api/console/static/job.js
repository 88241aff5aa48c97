// The page job.

import { heading } from "./components.js";
import { t } from "./messages.js";

/** The page job. */
export function job({ params, query, signal, who }) {
  return { title: t("job.title"), node: [heading(t("job.title"))] };
}
