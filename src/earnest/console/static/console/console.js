// Small conveniences. Nothing here is needed to use a page.
"use strict";

// A select in a query form searches at once.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form.query");
  if (form && event.target.matches("select")) form.requestSubmit();
});

// The language switch returns to what is shown now, which may have changed since the page came.
document.addEventListener("submit", (event) => {
  const next = event.target.matches("form.languages") && event.target.elements.next;
  if (next) next.value = window.location.pathname + window.location.search;
});

// While a word on a decision is on its way, its buttons rest: no double sending.
document.addEventListener("htmx:beforeRequest", (event) => {
  event.target.querySelectorAll("button").forEach((button) => { button.disabled = true; });
});
document.addEventListener("htmx:afterRequest", (event) => {
  event.target.querySelectorAll("button").forEach((button) => { button.disabled = false; });
});
