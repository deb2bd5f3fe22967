// What the console can do beyond links and forms. Every page works without it.
"use strict";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// Times: the server writes them in the zone that this cookie names. Only a reader's first page was written in UTC.
const secure = location.protocol === "https:" ? "; Secure" : "";
document.cookie = `calltrail-zone=${encodeURIComponent(zone)}; Path=/; SameSite=Lax; Max-Age=31536000${secure}`;

function rewriteTimes(root) {
  if (document.documentElement.dataset.zone === zone || !zone.includes("/")) return;
  const day = new Intl.DateTimeFormat("en-GB", { timeZone: zone, day: "numeric", month: "short", year: "numeric" });
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeStyle: "medium" });
  const written = (format, time) => format.formatToParts(time).map((part) => (part.value === "Sept" ? "Sep" : part.value)).join("");
  for (const element of all("[data-zone-name]", root)) element.textContent = zone.split("/").at(-1).replaceAll("_", " ");
  for (const element of all("time[data-form]", root)) {
    const time = new Date(element.dateTime);
    const parts = { day: [day], clock: [clock], full: [day, clock] }[element.dataset.form] || [];
    if (parts.length) element.textContent = parts.map((format) => written(format, time)).join(", ");
  }
}

// Where tabs do not fit, the chosen one is seen.
for (const tab of all(".tabs [aria-current]")) tab.scrollIntoView({ block: "nearest", inline: "nearest" });

// Copying: the button is shown only where it works.
function enableCopying(root) {
  if (!navigator.clipboard) return;
  for (const button of all("button[data-copy]", root)) button.hidden = false;
}

async function copy(button) {
  const words = button.dataset.words || (button.dataset.words = button.textContent);
  try {
    let text = document.getElementById(button.dataset.copy)?.innerText ?? "";
    if (button.dataset.copyFrom) {
      const answer = await fetch(button.dataset.copyFrom);
      if (!answer.ok) throw new Error(answer.status);
      text = (await answer.text()).trimEnd();
    }
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    announce("Copied");
  } catch {
    button.textContent = "Copying failed";
    announce("Copying failed");
  }
  setTimeout(() => { button.textContent = words; }, 1500);
}

// Read out by screen readers, seen by nobody.
let announcer;
function announce(words) {
  if (!announcer) {
    announcer = document.createElement("p");
    announcer.className = "unseen";
    announcer.setAttribute("role", "status");
    document.body.append(announcer);
  }
  announcer.textContent = words;
}

// Menus: Escape and a click elsewhere close them, and one that opens closes the others.
const menus = () => all("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
  const button = event.target.closest("button[data-copy]");
  if (button) copy(button);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus()) {
    const held = menu.contains(document.activeElement);
    menu.open = false;
    if (held) menu.querySelector("summary").focus();
  }
});

// A form that is sent twice does its work once.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => { for (const form of all("form[data-sent]")) delete form.dataset.sent; });

function enhance(root) {
  rewriteTimes(root);
  enableCopying(root);
  enableFinding(root);
}

// API logs ------------------------------------------------------------------------------------------------------------

const pane = document.getElementById("pane");
const calls = () => all("#list .call");
const wide = matchMedia("(min-width: 1001px)");

// A line at the top while something is fetched, if it takes long enough to be noticed.
async function withProgress(work) {
  let line;
  const timer = setTimeout(() => {
    line = document.createElement("div");
    line.className = "progress";
    line.setAttribute("role", "progressbar");
    line.setAttribute("aria-label", "Loading");
    document.body.append(line);
  }, 120);
  try { return await work(); } finally { clearTimeout(timer); line?.remove(); }
}

// Only the newest choice counts, however the answers come.
let asked;
async function showCall(link, push) {
  for (const call of calls()) call.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  link.scrollIntoView({ block: "nearest" });
  history[push ? "pushState" : "replaceState"]({ call: link.dataset.call }, "", link.href);
  asked?.abort();
  const own = asked = new AbortController();
  try {
    await withProgress(async () => {
      const answer = await fetch(link.href, { headers: { "X-Calltrail-Part": "report" }, signal: own.signal });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      const text = await answer.text();
      if (own.signal.aborted) return;
      // what the server wrote, parsed by the browser as it would parse the page; the policy lets no script in it run
      pane.innerHTML = text;
      pane.closest(".logs").classList.replace("none", "one");
      pane.scrollTop = 0;
      enhance(pane);
      announce(document.getElementById("sentence")?.innerText ?? "");
    });
  } catch (error) {
    // a session that ended, a call that is gone: the page itself says so
    if (error.name !== "AbortError") location.assign(link.href);
  }
}

function step(by) {
  const list = calls();
  if (!list.length) return;
  const now = list.findIndex((call) => call.hasAttribute("aria-current"));
  const next = list[now < 0 ? 0 : Math.min(Math.max(now + by, 0), list.length - 1)];
  if (next.hasAttribute("aria-current")) return;
  if (wide.matches) {
    showCall(next, now < 0);
    next.focus({ preventScroll: true });
  } else {
    next.focus();
  }
}

if (pane) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("#list .call");
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !isPlain || !wide.matches) return;
    event.preventDefault();
    showCall(link, true);
  });

  addEventListener("popstate", () => location.reload());

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, select, textarea, dialog");
    if (typing || event.metaKey || event.ctrlKey || event.altKey) return;
    const actions = {
      j: () => step(1),
      k: () => step(-1),
      "/": () => document.getElementById("seek")?.focus(),
      c: () => { const button = pane.querySelector('[data-copy="curl"]'); if (button) copy(button); },
      "?": () => document.getElementById("help").showModal(),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });

  document.querySelector("#list .call[aria-current]")?.scrollIntoView({ block: "center" });
}

// Searching in a body: what matches is marked, and what holds it is unfolded.
function enableFinding(root) {
  for (const field of all("input[data-find]", root)) field.hidden = false;
}

document.addEventListener("input", (event) => {
  const field = event.target.closest("input[data-find]");
  if (!field) return;
  const words = field.value.trim().toLowerCase();
  const tree = field.parentElement.querySelector(".json");
  let found = 0;
  for (const item of all("li", tree)) {
    const own = all(":scope > span, :scope > details > summary > .name", item).map((part) => part.textContent).join(" ");
    const hit = words !== "" && own.toLowerCase().includes(words);
    item.classList.toggle("hit", hit);
    if (!hit) continue;
    found += 1;
    for (let outer = item.parentElement.closest("details"); outer && tree.contains(outer); outer = outer.parentElement.closest("details")) outer.open = true;
  }
  tree.querySelector(".hit")?.scrollIntoView({ block: "nearest" });
  announce(words ? `${found} found` : "");
});

// The histogram: one stop for the keyboard; arrows walk, with Shift they select, Enter and letting go filter.
const chart = document.querySelector(".histogram");
if (chart) {
  const bars = all("a", chart);
  let from = -1, to = -1, dragging = false;
  const range = () => [Math.min(from, to), Math.max(from, to)];
  const paint = () => {
    const [low, high] = range();
    bars.forEach((bar, index) => bar.classList.toggle("brushed", from >= 0 && low !== high && index >= low && index <= high));
  };
  const apply = () => {
    const [low, high] = range();
    const address = new URL(chart.dataset.base, location.href);
    address.searchParams.set("from", bars[low].dataset.from);
    address.searchParams.set("to", bars[high].dataset.to);
    location.assign(address);
  };
  const at = (event) => {
    const box = chart.querySelector("svg").getBoundingClientRect();
    return Math.min(bars.length - 1, Math.max(0, Math.floor((event.clientX - box.left) / box.width * bars.length)));
  };
  bars.forEach((bar, index) => bar.setAttribute("tabindex", index === bars.length - 1 ? "0" : "-1"));
  const plot = chart.querySelector("svg");
  plot.addEventListener("dragstart", (event) => event.preventDefault());
  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    dragging = true;
    from = to = at(event);
  });
  addEventListener("pointermove", (event) => { if (dragging) { to = at(event); paint(); } });
  addEventListener("pointerup", () => {
    if (!dragging) return;
    dragging = false;
    if (from !== to) apply();
  });
  plot.addEventListener("click", (event) => { if (from !== to) event.preventDefault(); });
  plot.addEventListener("keydown", (event) => {
    const here = bars.indexOf(document.activeElement);
    const next = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: bars.length - 1 }[event.key];
    if (event.key === "Enter" && from >= 0 && from !== to) { event.preventDefault(); apply(); return; }
    if (event.key === "Escape") { from = to = -1; paint(); return; }
    if (next === undefined || !bars[next]) return;
    event.preventDefault();
    if (event.shiftKey) { if (from < 0) from = here; to = next; } else { from = to = -1; }
    bars[here].setAttribute("tabindex", "-1");
    bars[next].setAttribute("tabindex", "0");
    bars[next].focus();
    paint();
  });
}

// A tenant's first call: the page looks for it by itself.
if (document.querySelector("[data-waiting]")) {
  const look = async () => {
    try {
      const answer = await fetch(location.href);
      if (answer.ok && !(await answer.text()).includes("data-waiting")) { location.reload(); return; }
    } catch { /* the next look finds out */ }
    setTimeout(look, document.hidden ? 15000 : 3000);
  };
  setTimeout(look, 3000);
}

enhance(document);
