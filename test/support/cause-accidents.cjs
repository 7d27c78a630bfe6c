/**
 * Is loaded into processes of the service with NODE_OPTIONS=--require: the accidents of which no code takes care. SIGUSR2 makes the
 * next of those that ACCIDENTS names.
 */
/** @type {Record<string, () => void>} */
const kinds = {
  rejection() {
    void Promise.reject(new Error('the rejection of a test'));
  },
  nothing() {
    // A library may reject with anything.
    void Promise.reject();
  },
  reset() {
    throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
  },
  exception() {
    throw new Error('the exception of a test');
  },
};
const accidents = (process.env.ACCIDENTS ?? '').split(',').values();
process.on('SIGUSR2', () => {
  const { value } = accidents.next();
  kinds[value ?? '']?.();
});
