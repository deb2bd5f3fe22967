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
  for (const element of all("time[data-form]", root)) {
    const time = new Date(element.dateTime);
    const parts = { day: [day], clock: [clock], full: [day, clock] }[element.dataset.form] || [];
    if (parts.length) element.textContent = parts.map((format) => written(format, time)).join(", ");
  }
}

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
}
enhance(document);
