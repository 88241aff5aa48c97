// Numbers, sizes and times as people of the page's language write them.

import { locale, t } from "./messages.js";

const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(locale, { notation: "compact", maximumSignificantDigits: 3 });
const four = new Intl.NumberFormat(locale, { maximumSignificantDigits: 4, maximumFractionDigits: 0, roundingPriority: "morePrecision" });
const powers = new Intl.NumberFormat(locale, { notation: "scientific", maximumSignificantDigits: 4 });
const share = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
const ratios = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 2 });
const wholeShare = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
const clock = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

/** A whole number with separators: 1,000,000. */
export const count = (n) => whole.format(n);

/** A number shortened for a chart: 1.2M. */
export const compact = (n) => short.format(n);

/** A measured number with four significant digits, and all digits before the decimal sign. */
export function number(n) {
  if (n === null || n === undefined) return "–";
  return (n !== 0 && Math.abs(n) < 1e-4) || Math.abs(n) >= 1e15 ? powers.format(n) : four.format(n);
}

/**
 * A function that writes the measured numbers of a column, all with the same decimals: so many that
 * each has four significant digits, but no more than six.
 */
export function aligned(values) {
  const digits = values.filter((n) => n && !isExtreme(n) && !Number.isInteger(n)).map((n) => 3 - Math.floor(Math.log10(Math.abs(n))));
  const decimals = Math.min(6, Math.max(0, ...digits));
  const fixed = new Intl.NumberFormat(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return (n) => (isExtreme(n) ? powers : fixed).format(n);
}

// Whether a number would be nothing but zeros, or a long row of digits.
const isExtreme = (n) => n !== 0 && (Math.abs(n) < 1e-5 || Math.abs(n) >= 1e15);

/** A share from 0 to 1 as percent. Never 100 % before the end. */
export function percent(x, { fine = false } = {}) {
  const digits = fine ? 1000 : 100;
  return (fine ? share : wholeShare).format(x < 1 ? Math.floor(x * digits + 1e-9) / digits : x);
}

/** A measured share from 0 to 1, or a probability, as percent, rounded. */
export const ratio = (x) => ratios.format(x);

/** A size in bytes: 1.2 MB. */
export function bytes(n) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  let unit = 0;
  while (n >= 1000 && unit < units.length - 1) [n, unit] = [n / 1000, unit + 1];
  const digits = unit === 0 || n >= 100 ? 0 : 1;
  const style = { style: "unit", unit: units[unit], unitDisplay: unit === 0 ? "long" : "short", maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale, style).format(n);
}

/** A duration in seconds, in at most two units: 2 min 5 s. */
export function duration(seconds) {
  if (seconds < 1) return t("time.under");
  const units = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]];
  let left = Math.round(seconds);
  const shown = [];
  for (const [size, unit] of units) {
    const n = Math.floor(left / size);
    left -= n * size;
    if (n > 0) shown.push(new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short" }).format(n));
    if (shown.length === 2 || (shown.length === 1 && n === 0)) break;
  }
  return shown.join(" ");
}

/** How long ago a moment (RFC 3339) was: 3 minutes ago. */
export function ago(at) {
  const seconds = (Date.parse(at) - Date.now()) / 1000;
  const units = [[86400, "day"], [3600, "hour"], [60, "minute"]];
  for (const [size, unit] of units) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return relative.format(Math.min(0, Math.trunc(seconds)), "second");
}

/** A moment (RFC 3339) as date and time of the person's time zone; a line ends between the two only. */
export const time = (at) => [day, clock].map((one) => one.format(new Date(at)).replace(/\s/g, "\u00a0")).join(", ");
