// As `bottender start` reads it; PORT is read there too.
module.exports = {
  session: { driver: 'memory', stores: { memory: { maxSize: 1000 } } },
  channels: {
    messenger: {
      enabled: true,
      path: '/webhook',
      pageId: '100000000000001',
      appId: '1',
      verifyToken: 'verify',
      appSecret: process.env.APP_SECRET, // each call's signature is checked with it
      accessToken: 'token',
      origin: process.env.WORKSPACE, // nothing leaves the machine
    },
  },
};
