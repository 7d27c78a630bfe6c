import net from 'node:net';

/** Connections to port 3128 of the network that it runs in go to a socket of the local kind: `forward.js SOCKET`. */
const [, , socket = ''] = process.argv;
net
  .createServer((near) => {
    const far = net.connect(socket);
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  })
  .listen(3128, '127.0.0.1', () => console.log('forwards'));
