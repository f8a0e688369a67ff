// Mouse, finger, pen and arrow keys: what they do becomes strokes.

import { clampToSheet } from "./geometry.js";

// The first pointer that touches the sheet draws until it is lifted; others are ignored, but for a
// pen: the hand that holds it lay down before.
export function followPointer(canvas, drawing) {
  let pointer = null;
  let kind = "";
  let stroke = null;

  const pointOf = (event) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const point = { x: (event.clientX - left) / width, y: (event.clientY - top) / height };
    // Only a pen's pressure is somebody's; mice and fingers report what they like.
    if (event.pointerType === "pen") point.pressure = event.pressure;
    return clampToSheet(point);
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (pointer !== null && pointer !== event.pointerId) {
      if (kind !== "touch" || event.pointerType !== "pen") return;
      drawing.forget(stroke);
    }
    pointer = event.pointerId;
    kind = event.pointerType;
    canvas.setPointerCapture(pointer);
    stroke = drawing.begin(pointOf(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    // It was lifted where nobody told the page: in another window, in a menu.
    if (event.buttons === 0) {
      pointer = null;
      return;
    }
    const events = event.getCoalescedEvents?.() ?? [];
    drawing.extend(stroke, (events.length ? events : [event]).map(pointOf));
  });
  canvas.addEventListener("pointercancel", (event) => {
    if (event.pointerId === pointer) drawing.forget(stroke);
  });
  // Follows pointerup and pointercancel, and whatever else may take the pointer away.
  canvas.addEventListener("lostpointercapture", (event) => {
    if (event.pointerId === pointer) pointer = null;
  });
  // A finger that rests is no request for a menu.
  canvas.addEventListener("contextmenu", (event) => {
    if (pointer !== null) event.preventDefault();
  });
  // On a page that was made larger the sheet may be all that is in view; two fingers make it small
  // again.
  visualViewport.addEventListener("resize", () => {
    canvas.style.touchAction = visualViewport.scale > 1 ? "pinch-zoom" : "";
  });
}

const STEP = 1 / 28;
const DIRECTIONS = {
  ArrowLeft: { x: -STEP, y: 0 },
  ArrowRight: { x: STEP, y: 0 },
  ArrowUp: { x: 0, y: -STEP },
  ArrowDown: { x: 0, y: STEP },
};

// While the sheet has the focus, arrow keys move a pen (two together: slantwise) and the space
// bar puts it down and lifts it.
export function followKeys(canvas, drawing, sheet) {
  const held = new Set();
  let place = { x: 0.5, y: 0.5 };
  let stroke = null;
  const show = () => (sheet.cursor = { ...place, down: stroke !== null });

  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === " ") {
      stroke = stroke || event.repeat ? null : drawing.begin(place);
    } else if (event.key in DIRECTIONS) {
      held.add(event.key);
      for (const key of held) {
        const { x, y } = DIRECTIONS[key];
        place = clampToSheet({ x: place.x + x, y: place.y + y });
      }
      if (stroke) drawing.extend(stroke, [place]);
    } else {
      return;
    }
    event.preventDefault();
    show();
  });
  canvas.addEventListener("keyup", (event) => held.delete(event.key));
  canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && show());
  canvas.addEventListener("pointerdown", () => (sheet.cursor = null));
  canvas.addEventListener("blur", () => {
    held.clear();
    stroke = null;
    sheet.cursor = null;
  });
  drawing.addEventListener("change", () => {
    if (stroke && !drawing.strokes.includes(stroke)) stroke = null;
  });
}
