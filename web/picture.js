// Pictures that are chosen, dropped, pasted or taken with the camera: made small enough to send.

// Pixels. The server makes photographs smaller than this before it looks for ink.
const SIDE_MAX = 1000;

class NoPicture extends Error {}

// A file as {canvas, width, height, png}: what to show, and the bytes to send. Throws NoPicture
// with a sentence for the reader.
async function readPicture(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new NoPicture("The browser cannot read this as a picture. PNG and JPEG are fine.");
  }
  try {
    return await pictureOf(bitmap, { left: 0, top: 0, width: bitmap.width, height: bitmap.height });
  } finally {
    bitmap.close();
  }
}

// What a square view of the video shows, in the same form.
export function readFrame(video) {
  const { videoWidth, videoHeight } = video;
  const side = Math.min(videoWidth, videoHeight);
  const [left, top] = [(videoWidth - side) / 2, (videoHeight - side) / 2];
  return pictureOf(video, { left, top, width: side, height: side });
}

// What to lay a picture on, whose pixels are RGBA bytes: what is transparent is paper, and white, but
// for drawings in white.
export function groundOf(pixels) {
  let [opaque, brightness] = [0, 0];
  for (let i = 0; i < pixels.length; i += 4) {
    const alpha = pixels[i + 3];
    opaque += alpha;
    brightness += (alpha * (pixels[i] + pixels[i + 1] + pixels[i + 2])) / 3;
  }
  const sparse = opaque < 0.5 * 255 * (pixels.length / 4);
  return sparse && brightness > 0.85 * 255 * opaque ? "#000" : "#fff";
}

// A part of an image, opaque.
async function pictureOf(image, part) {
  const share = Math.min(1, SIDE_MAX / Math.max(part.width, part.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(part.width * share));
  canvas.height = Math.max(1, Math.round(part.height * share));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  const { left, top, width, height } = part;
  context.drawImage(image, left, top, width, height, 0, 0, canvas.width, canvas.height);
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = groundOf(context.getImageData(0, 0, canvas.width, canvas.height).data);
  context.fillRect(0, 0, canvas.width, canvas.height);
  const png = await new Promise((done) => canvas.toBlob(done, "image/png"));
  return { canvas, width: canvas.width, height: canvas.height, png };
}

// Whatever ways lead a picture here: `put` gets it, `refuse` a sentence.
export function followPictures({ input, target, put, refuse }) {
  let turn = 0;
  const take = async (files) => {
    const file = [...files].find(({ type }) => type.startsWith("image/")) ?? files[0];
    if (!file) return;
    // A large one takes a while; it does not replace what came after it.
    const mine = ++turn;
    try {
      const picture = await readPicture(file);
      if (mine === turn) put(picture);
    } catch (error) {
      if (!(error instanceof NoPicture)) throw error;
      if (mine === turn) refuse(error.message);
    }
  };
  input.addEventListener("change", async () => {
    await take(input.files);
    input.value = ""; // so that the same file can be chosen again
  });
  document.addEventListener("paste", (event) => {
    event.preventDefault();
    if (event.clipboardData.files.length === 0) refuse("There is no picture on the clipboard.");
    take(event.clipboardData.files);
  });
  for (const name of ["dragenter", "dragover", "dragleave", "drop"])
    document.addEventListener(name, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      target.classList.toggle("wanted", name === "dragenter" || name === "dragover");
      if (name === "drop") take(event.dataTransfer.files);
    });
}
