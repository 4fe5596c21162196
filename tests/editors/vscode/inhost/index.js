// Runs inside VS Code's extension host: one group of tests, each reported by its name.
const { report } = require("./driver");

const SECONDS = 60;

exports.run = async function () {
  const group = process.env.ORPS_TEST_GROUP;
  let tests;
  try {
    tests = require(`./${group}`);
  } catch (fault) {
    await report({ test: group, seconds: 0, error: String(fault.stack) });
    throw fault;
  }
  let failed = 0;
  const only = new RegExp(process.env.ORPS_TEST_ONLY ?? ""); // while one works on them
  for (const [test, body] of Object.entries(tests).filter(([name]) => only.test(name))) {
    const begin = Date.now();
    let error = null;
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done within ${SECONDS} s`)), SECONDS * 1000);
    });
    try {
      await Promise.race([body(), late]);
    } catch (failure) {
      error = String(failure.stack ?? failure);
      failed += 1;
    }
    clearTimeout(timer);
    await report({ test, seconds: (Date.now() - begin) / 1000, error });
  }
  if (failed) {
    throw new Error(`${failed} failed`);
  }
};
