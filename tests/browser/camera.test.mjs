import assert from "node:assert/strict";
import test from "node:test";

import { Camera, otherThan, refusalOf } from "../../web/camera.js";

// Cameras that are lent when the test says so.
class Media {
  wanted = [];
  lent = [];
  cameras = ["a", "b", "c"].map((deviceId) => ({ kind: "videoinput", deviceId }));

  getUserMedia = ({ video, audio }) => {
    assert.equal(audio, false);
    this.wanted.push(video);
    return new Promise((resolve, reject) => {
      this.lend = (settings = {}) => {
        const track = { live: true, stop: () => (track.live = false), getSettings: () => settings };
        this.lent.push(track);
        resolve({ getTracks: () => [track], getVideoTracks: () => [track] });
      };
      this.refuse = reject;
    });
  };
  enumerateDevices = async () => [...this.cameras, { kind: "audioinput", deviceId: "a" }];
}

const settle = () => new Promise((done) => setTimeout(done, 1));

test("the camera on the back of a phone is preferred, and given back", async () => {
  const media = new Media();
  const camera = new Camera(media, assert.fail);
  const opened = camera.open();
  await settle();
  assert.deepEqual(media.wanted[0].facingMode, { ideal: "environment" });
  media.lend();
  assert.ok(await opened);
  assert.equal(await camera.hasOther(), true);
  camera.close();
  assert.equal(media.lent[0].live, false);
});

test("a camera that is lent too late is given back at once", async () => {
  const media = new Media();
  const camera = new Camera(media, assert.fail);
  const opened = camera.open();
  await settle();
  camera.close();
  media.lend();
  assert.equal(await opened, null);
  assert.equal(media.lent[0].live, false);
});

test("a refusal that nobody waits for is not told", async () => {
  const media = new Media();
  const camera = new Camera(media, assert.fail);
  const opened = camera.open();
  await settle();
  camera.close();
  media.refuse(new Error());
  assert.equal(await opened, null);
});

test("turning gives one camera back before it asks for the other", async () => {
  const media = new Media();
  const camera = new Camera(media, assert.fail);
  const opened = camera.open();
  await settle();
  media.lend({ facingMode: "environment" });
  await opened;
  const turned = camera.turn();
  await settle();
  assert.equal(media.lent[0].live, false);
  assert.deepEqual(media.wanted[1].facingMode, { ideal: "user" });
  media.lend();
  assert.ok(await turned);
  assert.equal(media.lent[1].live, true);
});

test("cameras without a side are taken in turn", () => {
  const cameras = [{ deviceId: "a" }, { deviceId: "b" }];
  const next = (settings) => otherThan(settings, cameras).deviceId?.exact;
  assert.equal(next({ deviceId: "a" }), "b");
  assert.equal(next({ deviceId: "b" }), "a");
  assert.equal(next({}), "a");
});

test("refusals are told in a sentence", async () => {
  for (const [name, part] of [
    ["NotAllowedError", "does not let"],
    ["NotFoundError", "no camera"],
    ["NotReadableError", "Another program"],
    ["OverconstrainedError", "does not answer"],
  ]) {
    const media = new Media();
    const opened = new Camera(media, assert.fail).open();
    await settle();
    media.refuse(Object.assign(new Error("x"), { name }));
    await assert.rejects(opened, (error) => error.message.includes(part));
  }
  assert.match(refusalOf(undefined), /\.$/);
});

test("a page that is not secure says so", async () => {
  const camera = new Camera(undefined, assert.fail);
  assert.equal(camera.isPossible, false);
  await assert.rejects(camera.open(), /https/);
});

test("a camera that is pulled out is missed once", async () => {
  const media = new Media();
  const lost = [];
  const camera = new Camera(media, (sentence) => lost.push(sentence));
  const opened = camera.open();
  await settle();
  media.lend();
  await opened;
  media.lent[0].onended();
  assert.equal(lost.length, 1);
  camera.close();
  assert.equal(lost.length, 1);
});
