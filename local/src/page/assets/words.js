// Times and numbers in words.

/** "just now", "7 s ago", "3 min ago". `at` in epoch milliseconds; absent: "never". */
export function ago(at) {
  if (!at) return "never";
  const seconds = Math.max(0, Math.round((Date.now() - at) / 1000));
  if (seconds < 2) return "just now";
  return seconds < 120 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`;
}

/** "now", "in 7 s", "in 2 min 5 s". */
export function until(at) {
  const seconds = Math.ceil((at - Date.now()) / 1000);
  if (seconds <= 0) return "now";
  return seconds < 60 ? `in ${seconds} s` : `in ${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** "1st", "2nd", "3rd", "11th". */
export function ordinal(number) {
  const tens = number % 100;
  if (tens >= 11 && tens <= 13) return `${number}th`;
  return `${number}${{ 1: "st", 2: "nd", 3: "rd" }[number % 10] ?? "th"}`;
}

/** "1 rule", "3 rules". */
export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

const format = (options) => new Intl.DateTimeFormat("en-GB", options);
const MINUTES = format({ hour: "2-digit", minute: "2-digit" });
const SECONDS = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = format({ weekday: "long", day: "numeric", month: "long" });

/** "16:04", of epoch milliseconds. */
export const clock = (at) => MINUTES.format(new Date(at));

/** "16:04:09". */
export const clockSeconds = (at) => SECONDS.format(new Date(at));

/** "Today", "Yesterday", or "Friday 20 November". */
export function day(at) {
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const days = Math.round((midnight(new Date()) - midnight(new Date(at))) / 86_400_000);
  return { 0: "Today", 1: "Yesterday" }[days] ?? DAY.format(new Date(at));
}

/** The milliseconds of Slack's "1795190001.000100". */
export const millis = (ts) => Math.floor(Number(ts) * 1000);
