// Node's http and ONNX Runtime, one thread of each, answering V2 JSON. peers.py measures against it.
//
//     NODE_PATH=.../node_modules node peer_node.js MODEL

const http = require("http");
const ort = require("onnxruntime-node");

async function main() {
  const session = await ort.InferenceSession.create(process.argv[2], {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
  });
  const [input] = session.inputNames;
  const [output] = session.outputNames;

  async function infer(body) {
    const { shape, data } = JSON.parse(body).inputs[0];
    const tensor = new ort.Tensor("float32", Float32Array.from(data), shape);
    const found = (await session.run({ [input]: tensor }))[output];
    return JSON.stringify({
      model_name: "mnist",
      model_version: "1",
      outputs: [
        { name: output, datatype: "FP32", shape: found.dims, data: Array.from(found.data) },
      ],
    });
  }

  const server = http.createServer((request, response) => {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", async () => {
      const answer = Buffer.from(await infer(Buffer.concat(pieces).toString()));
      response.writeHead(200, {
        "Content-Type": "application/json",
        "Content-Length": answer.length,
      });
      response.end(answer);
    });
  });
  server.listen(0, "127.0.0.1", () => {
    console.log(`listening on http://127.0.0.1:${server.address().port}`);
  });
}

main();
