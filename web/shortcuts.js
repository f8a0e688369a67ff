// Keys that press a button from anywhere on the page. Those that are single letters can be switched
// off: whoever dictates, or strays from a key, presses them without meaning to.

const LETTERS = { undo: "z", redo: "Shift+z", number: "n", why: "w", camera: "c", choose: "o" };
const KEPT = "digitd-letters";

// Some browsers keep nothing for a page, and throw.
function storage() {
  try {
    return localStorage;
  } catch {
    return {};
  }
}

// The id of the button that a key presses; undefined for none.
export function buttonOf(event, letters) {
  const key = event.key.toLowerCase();
  const command = event.ctrlKey || event.metaKey;
  if (event.altKey) return undefined;
  if (command && key === "y") return "redo";
  if (command && key === "z") return event.shiftKey ? "redo" : "undo";
  if (command) return undefined;
  if (key === "escape" || key === "delete") return "clear";
  if (!letters) return undefined;
  if (key === "z") return event.shiftKey ? "redo" : "undo";
  // Held down, they would go on and off.
  return event.repeat ? undefined : Object.keys(LETTERS).find((name) => LETTERS[name] === key);
}

// `box` is checked for letters; press(id).
export function followShortcuts(box, press) {
  const kept = storage();
  const show = () => {
    document.body.classList.toggle("letters", box.checked);
    for (const [name, key] of Object.entries(LETTERS)) {
      const button = document.getElementById(name);
      if (box.checked) button.setAttribute("aria-keyshortcuts", key);
      else button.removeAttribute("aria-keyshortcuts");
    }
  };
  box.checked = kept[KEPT] !== "off";
  box.addEventListener("change", () => {
    kept[KEPT] = box.checked ? "on" : "off";
    show();
  });
  show();
  document.addEventListener("keydown", (event) => {
    // A dialog has keys of its own.
    if (document.querySelector("dialog[open]")) return;
    const name = buttonOf(event, box.checked);
    if (!name) return;
    event.preventDefault();
    press(name);
  });
}
