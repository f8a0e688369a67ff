// The camera's dialog: what the camera sees, and a button that takes it.

import { Camera } from "./camera.js";
import { readFrame } from "./picture.js";

const WAITING = "Waiting for the camera. The browser may ask whether this page may use it.";

const byId = (id) => document.getElementById(id);

export class Viewfinder {
  #dialog = byId("viewfinder");
  #video = byId("preview");
  #camera;
  #pick;
  #put;

  // put(picture): one was taken. pick(): one is to be chosen instead.
  constructor({ pick, put }) {
    this.#camera = new Camera(navigator.mediaDevices, (sentence) => this.#refuse(sentence));
    this.#pick = pick;
    this.#put = put;
    byId("shutter").addEventListener("click", () => this.#take());
    byId("turn").addEventListener("click", () => this.#show(() => this.#camera.turn()));
    byId("leave").addEventListener("click", () => this.#dialog.close());
    byId("instead").addEventListener("click", () => {
      this.#dialog.close();
      this.#pick();
    });
    // Beside the dialog: its backdrop.
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
    this.#dialog.addEventListener("close", () => this.#release());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#dialog.close();
    });
    addEventListener("pagehide", () => this.#dialog.close());
  }

  open() {
    // Where the page may have no camera, a phone's own picker has one, and needs no explanation.
    if (!this.#camera.isPossible && matchMedia("(pointer: coarse)").matches) {
      this.#pick();
      return;
    }
    if (!this.#dialog.open) this.#dialog.showModal();
    byId("turn").hidden = true;
    this.#show(() => this.#camera.open());
  }

  async #show(ask) {
    this.#become("waiting", WAITING);
    try {
      const stream = await ask();
      if (!stream) return;
      this.#video.srcObject = stream;
      await this.#video.play();
      byId("turn").hidden = !(await this.#camera.hasOther());
      if (this.#dialog.open && this.#video.srcObject === stream) this.#become("live", "");
    } catch (error) {
      // play() is broken off by whatever comes next
      if (this.#dialog.open && error.name !== "AbortError") this.#refuse(error.message);
    }
  }

  async #take() {
    if (this.#dialog.dataset.state !== "live") return;
    this.#become("taken", "");
    const picture = await readFrame(this.#video);
    this.#dialog.close();
    this.#put(picture);
  }

  #refuse(sentence) {
    this.#camera.close();
    this.#become("refused", sentence);
    byId("instead").focus();
  }

  #release() {
    this.#camera.close();
    this.#video.srcObject = null;
    this.#become("closed", "");
  }

  #become(state, sentence) {
    this.#dialog.dataset.state = state;
    byId("shutter").setAttribute("aria-disabled", state !== "live");
    byId("viewfinder-says").textContent = sentence;
  }
}
