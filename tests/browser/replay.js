// Kept by the page under test: draws strokes as pointer events, and tells what is then shown.
// How much is asked, paper.py counts.

window.lastBody = null;
const watched = window.fetch;
window.fetch = (url, options = {}) => {
  if (options.method === "POST") window.lastBody = options.body;
  return watched(url, options);
};

const frame = () => new Promise(requestAnimationFrame);

// strokes: [[[x, y], ..], ..] from 0 to 1. {digit, body}: the digit that the page shows at the end,
// "" for none, and what it sent last.
window.replay = async (strokes) => {
  const sheet = document.getElementById("sheet");
  sheet.setPointerCapture = () => {}; // there is no such pointer
  const { left, top, width, height } = sheet.getBoundingClientRect();
  const send = (type, [x, y]) =>
    sheet.dispatchEvent(
      new PointerEvent(type, {
        pointerId: 7,
        pointerType: "mouse",
        button: type === "pointermove" ? -1 : 0,
        buttons: 1,
        clientX: left + x * width,
        clientY: top + y * height,
        bubbles: true,
      }),
    );
  document.getElementById("clear").click();
  for (const [first, ...rest] of strokes) {
    send("pointerdown", first);
    for (const point of rest) send("pointermove", point);
    send("pointerup", strokes.at(-1).at(-1));
    send("lostpointercapture", first);
  }
  for (let quiet = 0; quiet < 3; quiet = window.asked ? 0 : quiet + 1) await frame();
  return { digit: document.body.dataset.digit, body: window.lastBody };
};
