// Replaces the parts of the first page as they change, and says when that has ended.
"use strict";

const live = document.getElementById("live");
const AGAIN_MS = 10000;
const LATE_MS = 15000;
let heard = Date.now();

function show(state, text) {
  live.dataset.live = state;
  if (live.textContent !== text) live.textContent = text;
}

// The element that has the focus is found again in the new content, by its link or as the same region.
function replace(part, html) {
  const held = part.contains(document.activeElement) ? document.activeElement : null;
  const link = held && held.getAttribute("href");
  part.innerHTML = html;
  if (!held) return;
  const again = link
    ? [...part.querySelectorAll("a[href]")].find((each) => each.getAttribute("href") === link)
    : part.querySelector("[tabindex]");
  if (again) again.focus({ preventScroll: true });
}

function changed(event) {
  const { time, title, parts } = JSON.parse(event.data);
  document.title = title;
  heard = Date.now();
  // Text that a person has selected, such as a command to copy, stays until they are done.
  const selected = document.getSelection();
  for (const [id, html] of Object.entries(parts)) {
    const part = document.getElementById(id);
    if (!part) continue;
    if (selected && !selected.isCollapsed && selected.containsNode(part, true)) continue;
    replace(part, html);
  }
  show("yes", `Live: as of ${time} UTC.`);
}

function lost() {
  if (Date.now() - heard <= LATE_MS) return;
  show("lost", "No connection to the sidecar: what you see is old.");
  document.title = "? execution-officer";
}

function connect() {
  const source = new EventSource("/live");
  source.onmessage = changed;
  source.onerror = () => {
    lost();
    // A refusal ends the source for good; a broken connection is taken up by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, AGAIN_MS);
  };
}

setInterval(lost, 5000);
connect();
