// What a page does beside htmx: news of what it shows, keys, and one token on every request.
"use strict";

(() => {
  const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content;

  document.addEventListener("htmx:configRequest", (event) => {
    const token = meta("csrf");
    if (token) event.detail.headers["X-CSRF-Token"] = token;
  });

  // A refusal is an answer too: its words take the place of the form.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const status = event.detail.xhr.status;
    if (status >= 400 && event.detail.xhr.getResponseHeader("HX-Reswap") !== "none") {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  // --- live: the stream says only that something has changed; parts then fetch themselves -----
  const line = document.getElementById("live");
  const about = document.body.dataset.live;
  let place = "";
  let lostAt = null;

  const say = (text, lost) => {
    line.textContent = text;
    line.classList.toggle("lost", Boolean(lost));
    line.hidden = !text;
  };
  const clock = (moment) => moment.toLocaleTimeString(document.documentElement.lang, { hour12: false, timeZone: "Asia/Shanghai" });
  const changed = () => document.body.dispatchEvent(new CustomEvent("changed", { bubbles: true }));

  const listen = () => {
    const source = new EventSource(`/console/live?of=${encodeURIComponent(about)}&after=${encodeURIComponent(place)}`);
    source.addEventListener("open", () => {
      if (lostAt) {
        lostAt = null;
        say(line.dataset.back.replace("{at}", clock(new Date())));
        window.setTimeout(() => say(""), 4000);
        changed();
      }
    });
    source.addEventListener("at", (event) => { place = event.lastEventId; });
    source.addEventListener("changed", (event) => { place = event.lastEventId; changed(); });
    source.addEventListener("away", (event) => { lostAt = lostAt || new Date(); say(line.dataset.lost.replace("{at}", clock(lostAt)), true); });
    source.addEventListener("still", (event) => { say(line.dataset.still.replace("{at}", clock(new Date(event.data))), true); });
    source.addEventListener("moves", () => { if (!lostAt) { say(""); changed(); } });
    source.addEventListener("back", () => { if (lostAt) { lostAt = null; say(""); changed(); } });
    source.addEventListener("ended", () => { source.close(); window.location.reload(); });
    source.addEventListener("error", () => {
      lostAt = lostAt || new Date();
      say(line.dataset.lost.replace("{at}", clock(lostAt)), true);
      // A gateway that answered with an error is not asked again by the browser: ask anew, from the last place.
      source.close();
      window.setTimeout(again, 1000 + Math.random() * 1000);
    });
    window.addEventListener("pagehide", () => source.close(), { once: true });
  };
  // A session that is over answers with the way to sign in; a gateway that is away, not at all.
  const again = async () => {
    try {
      const answer = await fetch("/console/here", { redirect: "manual" });
      if (answer.type === "opaqueredirect") window.location.reload();
    } catch {
      // Still away: the next try says so.
    }
    listen();
  };
  if (about && "EventSource" in window) listen();

  // A page that could not be had opens once what was away is back.
  const { retry } = document.body.dataset;
  const ask = async () => {
    try {
      const answer = await fetch(retry, { redirect: "manual" });
      if (answer.ok || answer.type === "opaqueredirect") {
        window.location.reload();
        return;
      }
    } catch {
      // The gateway itself is away.
    }
    window.setTimeout(ask, 2000 + Math.random() * 1000);
  };
  if (retry) window.setTimeout(ask, 2000);

  // What is wider than its place is scrolled by keys too: it can be reached where it is.
  const reach = () => document.querySelectorAll(".scroll").forEach((one) => {
    if (one.scrollWidth > one.clientWidth) one.tabIndex = 0;
    else one.removeAttribute("tabindex");
  });
  reach();
  window.addEventListener("resize", reach);
  document.addEventListener("htmx:afterSettle", reach);

  // --- keys ---------------------------------------------------------------------------------
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(document.activeElement?.closest("[data-row]"));
    const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
    (next.querySelector("a, button") || next).focus();
  };
  const room = (key) => document.querySelector(`.rooms a[data-key="${key}"]`)?.click();
  let going = false;

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (going) {
      going = false;
      room(event.key);
      return;
    }
    const act = {
      "?": () => document.getElementById("keys").showModal(),
      "/": () => document.getElementById("find")?.focus(),
      j: () => step(1),
      k: () => step(-1),
      g: () => { going = true; window.setTimeout(() => { going = false; }, 1500); },
    }[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });

  // What a confirmation asks stands in the page: a form that is grave says so.
  document.addEventListener("submit", (event) => {
    const question = event.target.dataset?.ask;
    if (question && !window.confirm(question)) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });
})();
