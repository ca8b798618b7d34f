// Preloaded by isolation.mjs into each thread (`node --import`): looks for texts in the memories of the thread's
// components whenever a page leaves it, and sends along what it found. LOOK_FOR holds `tokens` and `urls`.
import { isMainThread, parentPort } from 'node:worker_threads';

const { LOOK_FOR } = process.env;
if (!isMainThread && LOOK_FOR) {
  const { tokens, urls } = JSON.parse(LOOK_FOR);
  // Weakly: the host shall let go of instances.
  let memories = [];
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = async (...parameters) => {
    const made = await instantiate(...parameters);
    const exported = Object.values((made.instance ?? made).exports);
    memories.push(...exported.filter((it) => it instanceof WebAssembly.Memory).map((it) => new WeakRef(it)));
    return made;
  };
  const post = parentPort.postMessage;
  parentPort.postMessage = function (message) {
    if (message.value?.records) message.value.found = look();
    post.call(this, message);
  };
  function look() {
    memories = memories.filter((memory) => memory.deref());
    const texts = memories.map((memory) => memory.deref()).filter(Boolean).map(({ buffer }) => Buffer.from(buffer));
    const holding = (wanted) => texts.filter((text) => wanted.some((one) => text.includes(one))).length;
    // What is surely there shows that this looks at the right memories.
    return { withUrl: holding(urls), withToken: holding(tokens) };
  }
}
