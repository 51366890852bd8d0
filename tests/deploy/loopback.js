'use strict';
// Preloaded with `node -r`: what is meant for Tencent Cloud goes to the stand-in on 127.0.0.1, in plain
// HTTP and with the host in its header; any other connection that is not to loopback is refused and said.
const http = require('http');
const https = require('https');
const net = require('net');

const PORT = Number(process.env.TENCENT_STAND_IN_PORT);
const CLOUD = /\.(tencentcloudapi|myqcloud)\.com$/;
const LOOPBACK = /^(127(\.\d+){3}|::1|localhost)$/;

const plain = http.request;

function redirected(original) {
  return function request(...given) {
    const rest = [...given];
    let options = {};
    if (typeof rest[0] === 'string' || rest[0] instanceof URL) {
      const { protocol, hostname, port, pathname, search } = new URL(rest.shift());
      options = { protocol, hostname, port, path: pathname + search };
    }
    if (rest[0] && typeof rest[0] === 'object') options = { ...options, ...rest.shift() };
    const host = String(options.hostname || options.host || 'localhost').replace(/:\d+$/, '');
    if (!CLOUD.test(host)) return original.apply(this, given);
    const headers = { ...options.headers };
    for (const name of Object.keys(headers)) if (name.toLowerCase() === 'host') delete headers[name];
    const { method, path, timeout } = options;
    return plain.call(
      http,
      { method, path, timeout, hostname: '127.0.0.1', port: PORT, headers: { ...headers, Host: host } },
      ...rest,
    );
  };
}

for (const module of [http, https]) {
  module.request = redirected(module.request);
  module.get = (...given) => {
    const request = module.request(...given);
    request.end();
    return request;
  };
}

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function guarded(...given) {
  const [options] = Array.isArray(given[0]) ? given[0] : given;
  const host = typeof options === 'object' ? options.host || 'localhost' : given[1] || 'localhost';
  const local = (typeof options === 'object' && options.path) || LOOPBACK.test(host);
  if (local) return connect.apply(this, given);
  process.stderr.write(`refused: a connection to ${host}\n`);
  this.destroy(new Error(`refused: a connection to ${host}`));
  return this;
};
