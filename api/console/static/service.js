// The page service.

import { heading } from "./components.js";
import { t } from "./messages.js";

/** The page service. */
export function service({ params, query, signal, who }) {
  return { title: t("nav.service"), node: [heading(t("nav.service"))] };
}
