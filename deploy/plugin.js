'use strict';
// What makes `npx osls deploy` the only command of a deployment: it refuses parameters that cannot be meant and a secret
// that does not exist, and builds the package from the policy, the Python and the processor that serverless.yml names.
const { existsSync } = require('fs');
const path = require('path');
const { spawnSync } = require('child_process');
const { faults } = require('./parameters.js');
const { lookUp } = require('./secret.js');

const BUILDING = ['package', 'deploy', 'deploy function'];

// ${callout:NAME}: what follows from a parameter; CloudFormation does not calculate.
const period = (seconds) => (seconds % 300 ? 60 : 300);
const DERIVED = {
  // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html: six times the function's timeout
  hiddenSeconds: ['timeout', (seconds) => 6 * Number(seconds)],
  silencePeriod: ['alarmAfterSeconds', (seconds) => period(Number(seconds))],
  silencePeriods: ['alarmAfterSeconds', (seconds) => Number(seconds) / period(Number(seconds))],
  // A rule needs a time, also one that is switched off.
  auditTime: ['audit', (time) => (time === 'none' ? 'cron(0 6 * * ? *)' : time)],
  auditEnabled: ['audit', (time) => time !== 'none'],
};

async function derive({ address, resolveVariable }) {
  const [parameter, calculate] = DERIVED[address];
  return { value: calculate(await resolveVariable(`param:${parameter}`)) };
}

class CalloutQuietHours {
  constructor(serverless, options, { log }) {
    this.serverless = serverless;
    this.log = log;
    this.configurationVariablesSources = { callout: { resolve: derive } };
    this.hooks = {
      'before:package:createDeploymentArtifacts': () => this.build(),
      'before:package:function:package': () => this.build(),
    };
    // Before any hook: the CLI's own check would call some of them by other names. What has a variable waits for build().
    this.command = serverless.processedInput.commands.join(' ');
    if (BUILDING.includes(this.command)) this.validate();
  }

  validate() {
    const { configurationInput, processedInput } = this.serverless;
    const found = faults(configurationInput.params, configurationInput.provider.stage, processedInput.options);
    if (found.length) this.refuse(found.join('\n'));
  }

  async build() {
    this.validate();
    const { serviceDir, service, configurationInput } = this.serverless;
    const policy = configurationInput.custom.policy;
    if (!existsSync(path.resolve(serviceDir, policy))) {
      this.refuse(`policy: ${policy} is not there; cp policy.example.yaml ${policy}, and write your tasks and quiet hours into it`);
    }
    const environments = [path.resolve(serviceDir, '.venv'), process.env.VIRTUAL_ENV];
    const python = environments.filter(Boolean).map((each) => path.join(each, 'bin/python')).find(existsSync);
    if (!python) this.refuse('.venv is not there, whose Python builds the package; run "make tools" first');
    // `osls package` works without an account.
    if (this.command !== 'package') await this.look();
    const { runtime, architecture } = service.provider;
    const wanted = ['--policy', policy, '--python', runtime.slice('python'.length), '--arch', architecture];
    const done = spawnSync(
      python, ['-m', 'local.package', ...wanted, '--output', service.package.artifact],
      { cwd: serviceDir, encoding: 'utf8' },
    );
    if (done.error || done.status) this.refuse(`not deployed: ${(done.error?.message || done.stderr).trim()}`);
    this.log.notice(done.stdout.trim());
    if (done.stderr) this.log.warning(done.stderr.trim());
  }

  // Else the stage would be created, and fail at its first wake-up.
  async look() {
    const provider = this.serverless.getProvider('aws');
    const { CALLOUT_SECRET: secret } = this.serverless.service.provider.environment;
    const { fault, doubt } = await lookUp(secret, (options) => provider.getAwsSdkV3Config(options));
    if (fault) this.refuse(fault);
    if (doubt) this.log.warning(doubt);
  }

  refuse(text) {
    throw new this.serverless.classes.Error(text, 'CALLOUT_REFUSED');
  }
}

module.exports = CalloutQuietHours;
