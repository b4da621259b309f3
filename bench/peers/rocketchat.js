// Posts a customer's text to the customer's room, as the product does, over connections that
// are kept. The bench's workspace calls a customer's room after the customer.
const { Agent, request } = require('http');

const { WORKSPACE, USER_ID, AUTH_TOKEN } = process.env;
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const headers = { 'Content-Type': 'application/json', 'X-User-Id': USER_ID, 'X-Auth-Token': AUTH_TOKEN };

module.exports = (customer, id, msg) =>
  new Promise((resolve, reject) => {
    const body = JSON.stringify({ _id: id, token: customer, rid: 'r' + customer, msg });
    const length = Buffer.byteLength(body);
    const call = request(WORKSPACE + '/api/v1/livechat/message', { agent, method: 'POST', headers: { ...headers, 'Content-Length': length } }, (answer) => {
      answer.resume();
      answer.on('end', () => (answer.statusCode === 200 ? resolve() : reject(new Error('answered ' + answer.statusCode))));
    });
    call.on('error', reject);
    call.end(body);
  });
