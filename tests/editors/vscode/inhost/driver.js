// The tests' line to the process that holds the browser.
const http = require("node:http");

function send(message) {
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port: Number(process.env.ORPS_TEST_DRIVER),
      method: "POST",
      agent: false,
    };
    const request = http.request(options, async (response) => {
      let body = "";
      for await (const chunk of response) body += chunk;
      const answer = JSON.parse(body);
      response.statusCode === 200 ? resolve(answer) : reject(new Error(answer));
    });
    request.on("error", reject);
    request.end(JSON.stringify(message));
  });
}

exports.report = (report) => send({ report });
/** Something done by hand in the window: see `hands` in inhost.mjs. */
exports.hand = (hand, values = {}) => send({ hand, ...values });
exports.fixtures = JSON.parse(process.env.ORPS_TEST_FIXTURES);
