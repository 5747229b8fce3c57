// ROUTER of the npm package zeromq, version 5 or 6. Argument: PORT. protocol.py describes input and output.
const zmq = require("zeromq");
const port = process.argv[2];
const version = require("zeromq/package.json").version;
const library = typeof zmq.version === "string" ? zmq.version : zmq.version();

const hex = part => part.toString("hex") || "-";
const received = parts => console.log("<", parts.map(hex).join(" "));
const listening = () => console.log("listening", `${version}/libzmq-${library}`, 1);
const parsed = line => line.trim().split(" ").map(part => Buffer.from(part === "-" ? "" : part, "hex"));

function lines(send) {
  const input = require("readline").createInterface({ input: process.stdin });
  input.on("line", line => send(parsed(line)));
  input.on("close", () => process.exit(0));
}

async function six() {
  const router = new zmq.Router({ linger: 0, heartbeatInterval: 100, heartbeatTimeout: 1500 });
  await router.bind(`tcp://127.0.0.1:${port}`);
  let sent = Promise.resolve();
  lines(parts => { sent = sent.then(() => router.send(parts)); });
  listening();
  for await (const parts of router) received(parts);
}

function five() {
  const router = zmq.socket("router");
  router.setsockopt(zmq.ZMQ_LINGER, 0);
  router.setsockopt(zmq.ZMQ_HEARTBEAT_IVL, 100);
  router.setsockopt(zmq.ZMQ_HEARTBEAT_TIMEOUT, 1500);
  router.on("message", (...parts) => received(parts));
  lines(parts => router.send(parts));
  router.bind(`tcp://127.0.0.1:${port}`, error => {
    if (error) throw error;
    listening();
  });
}

if (zmq.Router) six(); else five();
