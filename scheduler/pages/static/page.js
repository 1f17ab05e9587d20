// Comforts only: without this file everything works the same.
"use strict";

const byId = (id) => document.getElementById(id);

// What is wrong comes first, for eyes and ears.
document.querySelector(".alert")?.focus();

// The chosen time, said again beside the button.
const picked = byId("picked");
byId("choose")?.addEventListener("change", ({ target }) => {
  if (target.name !== "option") return;
  // The zone stands above already; without it the words are short enough to stand beside the button.
  picked.textContent = target.dataset.words || target.getAttribute("aria-label").split(", ").slice(0, -1).join(", ");
});

// The button beside the zones is wanted once another one is chosen.
const zone = byId("zone");
const rezone = byId("rezone");
if (zone) {
  const shown = zone.value;
  const settle = () => { rezone.hidden = zone.value === shown; };
  zone.addEventListener("change", settle);
  settle();
}

// Where the device says it is, offered and never assumed.
const device = byId("device");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
const clockIn = (timeZone) => new Date().toLocaleString("en", { timeZone });
if (device && here && here !== device.dataset.shown && clockIn(here) !== clockIn(device.dataset.shown)) {
  device.querySelector("span").textContent = here.split("/").pop().replaceAll("_", " ");
  device.querySelector("button").addEventListener("click", () => {
    if (![...zone.options].some((option) => option.value === here)) zone.add(new Option(here, here));
    zone.value = here;
  });
  device.hidden = false;
}

// A menu closes when it is left.
const menu = document.querySelector(".menu");
if (menu) {
  document.addEventListener("click", ({ target }) => { if (!menu.contains(target)) menu.open = false; });
  menu.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); }
  });
}
