// A camera: the stream that a browser lends, which is given back as soon as nobody looks.

// Rather the one on a phone's back. What the network reads is small; so may the picture be.
const FIRST = { facingMode: { ideal: "environment" } };
const SIZE = { width: { ideal: 1280 }, height: { ideal: 960 } };

const REFUSALS = {
  NotAllowedError: "The browser does not let this page use the camera.",
  NotFoundError: "There is no camera here.",
  NotReadableError: "Another program is using the camera.",
};
const INSECURE = "Browsers lend the camera only to pages that come over https or from this machine itself.";
const SILENT = "The camera does not answer.";

// Why there is no camera, in a sentence for the reader.
export function refusalOf(error) {
  return REFUSALS[error?.name] ?? SILENT;
}

// What to ask for after a camera with these settings: the other side of a phone, or the next in
// the list.
export function otherThan({ deviceId, facingMode }, cameras) {
  const side = { user: "environment", environment: "user" }[facingMode];
  if (side) return { facingMode: { ideal: side } };
  const at = cameras.findIndex((camera) => camera.deviceId === deviceId);
  return { deviceId: { exact: cameras[(at + 1) % cameras.length].deviceId } };
}

export class Camera {
  #media;
  #onLost;
  #stream = null;
  #asked = 0;

  // `media` is navigator.mediaDevices, missing where the page is not secure. onLost(sentence): the
  // stream has ended by itself.
  constructor(media, onLost) {
    this.#media = media;
    this.#onLost = onLost;
  }

  get isPossible() {
    return Boolean(this.#media?.getUserMedia);
  }

  // The stream; null if close() was called meanwhile. Throws an Error with a sentence.
  open() {
    return this.#ask(() => FIRST);
  }

  // The stream of another camera.
  turn() {
    const settings = this.#stream?.getVideoTracks()[0]?.getSettings() ?? {};
    return this.#ask(async () => otherThan(settings, await this.#list()));
  }

  // Whether there is another one. Browsers tell it once a camera is lent.
  async hasOther() {
    return (await this.#list()).length > 1;
  }

  close() {
    this.#asked++;
    for (const track of this.#stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.#stream = null;
  }

  async #ask(choose) {
    if (!this.isPossible) throw new Error(INSECURE);
    this.close(); // many phones lend one camera at a time
    const turn = this.#asked;
    let stream;
    try {
      stream = await this.#media.getUserMedia({ video: { ...(await choose()), ...SIZE }, audio: false });
    } catch (error) {
      if (turn !== this.#asked) return null;
      throw new Error(refusalOf(error));
    }
    // Lent to somebody who has left.
    if (turn !== this.#asked) {
      for (const track of stream.getTracks()) track.stop();
      return null;
    }
    this.#stream = stream;
    for (const track of stream.getTracks())
      track.onended = () => {
        this.close();
        this.#onLost(SILENT);
      };
    return stream;
  }

  async #list() {
    const devices = await this.#media.enumerateDevices();
    return devices.filter(({ kind }) => kind === "videoinput");
  }
}
