const { reporters } = require('mocha');

/** Mocha's usual report, then the closing line that CI and people look for. */
module.exports = class extends reporters.Spec {
  /** @param {import('mocha').Runner} runner @param {import('mocha').MochaOptions} options */
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes = 0, failures = 0 } = this.stats ?? {};
      process.stdout.write(`${passes} passed, ${failures} failed\n`);
    });
  }
};
