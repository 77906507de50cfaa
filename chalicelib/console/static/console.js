// What a page gains when scripts run: times relative to now, and a view that keeps itself current.
// Every page is complete without it.

const EVERY_MS = 5000;
const LONGEST_MS = 60000;
const PAUSED = "palyra.paused";
const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

const main = document.getElementById("main");
const live = document.getElementById("live");
const word = document.getElementById("live-word");
const button = document.getElementById("live-button");

// Times

function span(seconds) {
  const at = UNITS.findIndex(([, size]) => seconds >= size);
  if (at < 0) return "0 s";
  const [name, size] = UNITS[at];
  const count = Math.floor(seconds / size);
  const next = UNITS[at + 1];
  const rest = next ? Math.floor((seconds - count * size) / next[1]) : 0;
  // Seconds beside minutes change too fast to be read, once there are a few.
  const isFine = rest > 0 && (name !== "min" || count < 3) && (name !== "d" || count < 3);
  return isFine ? `${count} ${name} ${rest} ${next[0]}` : `${count} ${name}`;
}

function relative(at, now) {
  const seconds = Math.round((at - now) / 1000);
  if (Math.abs(seconds) < 1) return "now";
  return seconds > 0 ? `in ${span(seconds)}` : `${span(-seconds)} ago`;
}

function left(at, now) {
  const seconds = Math.ceil((at - now) / 1000);
  if (seconds <= 0) return "over";
  const digits = (number) => String(number).padStart(2, "0");
  return `in ${Math.floor(seconds / 60)}:${digits(seconds % 60)}`;
}

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function tellTimes() {
  const now = Date.now();
  for (const time of main.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    if (!time.title) {
      const exact = "relative" in time.dataset || "until" in time.dataset ? `${time.textContent.trim()} · ` : "";
      time.title = `${exact}${at.toLocaleString()} your time`;
    }
    if ("relative" in time.dataset) say(time, relative(at, now));
    if ("until" in time.dataset) say(time, left(at, now));
  }
  for (const element of main.querySelectorAll("[data-since]")) {
    say(element, `${span(Math.max(0, Math.round((now - new Date(element.dataset.since)) / 1000)))} so far`);
  }
}

// What is shown once: a page that was answered to a form

const once = () => main.querySelector("[data-once]");

function forget() {
  once()?.replaceWith(Object.assign(document.createElement("div"), { id: "minted" }));
}

function forgetWhenOver() {
  const end = once()?.querySelector("time[data-until]");
  if (end && new Date(end.dateTime) <= Date.now()) forget();
}

// A page that is loaded again asks for itself, and sends no form a second time.
if (main.querySelector("[data-posted]")) history.replaceState(null, "", location.href);
// Going back to it finds nothing that was shown once, either.
addEventListener("pagehide", forget);

// The page, again every few seconds while somebody looks at it

let tag = null;
let wait = EVERY_MS;
let timer = null;

// What is not there will not come; asking for it every few seconds would only fill logs.
const isFinal = () => main.querySelector("[data-final]") !== null;
const isPaused = () => sessionStorage.getItem(PAUSED) === "yes";

function show(state, text) {
  live.hidden = isFinal();
  live.dataset.state = state;
  say(word, text);
  say(button, state === "paused" ? "Resume" : "Pause");
}

function replace(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("main");
  const open = [...main.querySelectorAll("details[open]")].map((details) => details.id);
  const href = main.contains(document.activeElement) && document.activeElement.getAttribute("href");
  const folded = main.contains(document.activeElement) && document.activeElement.closest("details")?.id;
  const secret = once();
  // It stays for as long as the code can be used.
  if (secret && fresh.querySelector(`#code-${CSS.escape(secret.dataset.once)}`)) {
    fresh.querySelector("#minted").replaceWith(secret);
  }
  main.replaceChildren(...fresh.childNodes);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (href) main.querySelector(`a[href="${CSS.escape(href)}"]`)?.focus({ preventScroll: true });
  if (folded) document.getElementById(folded)?.querySelector("summary")?.focus({ preventScroll: true });
  tellTimes();
}

// Replacing the page under a selection would take it away from whoever is about to copy it.
const isSelecting = () => !getSelection().isCollapsed && main.contains(getSelection().anchorNode);

// Nor may it take away what somebody is filling in.
const isFilling = () =>
  (main.contains(document.activeElement) && document.activeElement.closest("form") !== null) ||
  [...main.querySelectorAll("input")].some(
    (input) => input.value !== input.defaultValue || input.checked !== input.defaultChecked,
  ) ||
  [...main.querySelectorAll("form option")].some((option) => option.selected !== option.defaultSelected);

async function refresh() {
  const headers = tag ? { "If-None-Match": tag } : {};
  const answer = await fetch(location.href, { headers, cache: "no-store" });
  if (answer.status === 304) return;
  if (!answer.ok && answer.status !== 404) throw new Error(`status ${answer.status}`);
  const html = await answer.text();
  if (isPaused() || isSelecting() || isFilling()) return;
  tag = answer.headers.get("ETag");
  replace(html);
}

async function turn() {
  timer = null;
  if (isPaused() || isFinal() || document.hidden) return;
  try {
    await refresh();
    wait = EVERY_MS;
    if (!isPaused()) show("live", "Live");
  } catch {
    wait = Math.min(wait * 2, LONGEST_MS);
    if (!isPaused()) show("lost", "No answer, trying again");
  }
  plan(wait);
}

function plan(delay) {
  clearTimeout(timer);
  timer = isPaused() || isFinal() || document.hidden ? null : setTimeout(turn, delay);
}

button.addEventListener("click", () => {
  sessionStorage.setItem(PAUSED, isPaused() ? "no" : "yes");
  show(isPaused() ? "paused" : "live", isPaused() ? "Paused" : "Live");
  plan(0);
});

document.addEventListener("visibilitychange", () => plan(0));
setInterval(() => {
  forgetWhenOver();
  if (!document.hidden) tellTimes();
}, 1000);

show(isPaused() ? "paused" : "live", isPaused() ? "Paused" : "Live");
tellTimes();
plan(EVERY_MS);
