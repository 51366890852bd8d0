'use strict';
// What each parameter of serverless.yml may be. Every fault is told by name: what was given, what is wanted, where.

const words = (...known) => [(value) => known.includes(value), known.join(', ').replace(/, ([^,]*)$/, ' or $1')];
const number = (least, most) => [
  (value) => /^\d+$/.test(value) && least <= Number(value) && Number(value) <= most,
  `a whole number from ${least} to ${most}`,
];
const text = (pattern, wanted) => [(value) => pattern.test(value), wanted];
const optional = ([fits, wanted]) => [(value) => value === '' || fits(value), `${wanted}, or nothing`];

const SECRET = /^arn:aws[a-z-]*:(secretsmanager:[a-z0-9-]+:\d+:secret:.+|ssm:[a-z0-9-]+:\d+:parameter\/.+)$/;
const RATE = /^rate\((1 (?:minute|hour|day)|(?!1 )[1-9]\d* (?:minutes|hours|days))\)$/;
const CRON = /^cron\([^\s()]+( [^\s()]+){5}\)$/;
const UNITS = { minute: 60, hour: 3600, day: 86400 };

const WANTED = {
  policy: text(/^[^"']+\.(ya?ml|json)$/, 'the path of a policy, such as policy.yaml'),
  region: text(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region of AWS, such as eu-central-1'),
  python: text(/^3\.1[0-4]$/, '3.10, 3.11, 3.12, 3.13 or 3.14'),
  architecture: words('x86_64', 'arm64'),
  memorySize: number(128, 10240),
  timeout: number(10, 900),
  reservedConcurrency: words('1', 'none'),
  rate: [(value) => RATE.test(value) || /^cron\([^()]+\)$/.test(value), '"rate(1 minute)", "rate(5 minutes)" or a cron(...)'],
  alarmAfterSeconds: [(value) => number(60, 86400)[0](value) && value % 60 === 0, 'a multiple of 60 up to 86400'],
  audit: [(value) => CRON.test(value) || value === 'none', '"cron(0 6 * * ? *)", another cron(...) of six fields, or none'],
  logRetentionInDays: number(1, 3653),
  secret: text(SECRET, 'the ARN of a secret of Secrets Manager, or of a parameter of Systems Manager'),
  secretKmsKey: optional(text(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d+:key\/.+$/, 'the ARN of a key of KMS')),
  requestsTopic: optional(text(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d+:[\w-]+$/, 'the ARN of an SNS topic')),
  ledgerBucket: optional(text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of a bucket of S3')),
  sdkAppId: text(/^[1-9]\d*$/, 'the number of an application'),
  endpoint: text(/^(http:\/\/)?[\w.-]+(:\d+)?$/, 'a host, such as ccc.tencentcloudapi.com'),
  notify: words('always', 'changes', 'failures'),
  dryRun: words('true', 'false'),
};

// The faults in the parameters of a command, one text each. `blocks` is `params` of serverless.yml. A value that still
// holds a variable is not judged.
function faults(blocks, stage, { param: typed = [], region }) {
  const given = {};
  const put = (values, where) => {
    for (const [name, value] of Object.entries(values || {})) given[name] = { value: String(value ?? ''), where };
  };
  put(blocks.default, 'serverless.yml, params.default');
  put(blocks[stage], `stages/${stage}.yml`);
  put(Object.fromEntries(typed.map((each) => each.split(/=(.*)/s, 2))), '--param');
  if (region) put({ region }, '--region');

  const found = [];
  for (const [name, { value, where }] of Object.entries(given)) {
    const [fits, wanted] = WANTED[name] || [];
    if (!fits) {
      found.push(`${name}: there is no such parameter${meant(name)} (${where}); there are ${Object.keys(WANTED).join(', ')}`);
    } else if (name === 'secret' && value === '') {
      found.push(withoutSecret(stage, given.region.value, stage in blocks));
    } else if (!value.includes('${') && !fits(value)) {
      found.push(`${name}: "${value}" was given (${where}), ${wanted} is wanted`);
    }
  }
  const [, amount, unit] = /^rate\((\d+) ([a-z]+?)s?\)$/.exec(given.rate.value) || [];
  const { value: after, where } = given.alarmAfterSeconds;
  const least = 2 * amount * UNITS[unit];
  if (after < least) {
    found.push(`alarmAfterSeconds: "${after}" was given (${where}), two wake-ups of ${given.rate.value} or more are wanted: ${least}`);
  }
  return found;
}

function meant(name) {
  const plain = (word) => word.toLowerCase().replace(/[^a-z]/g, '');
  const close = Object.keys(WANTED).find((known) => plain(known) === plain(name) || plain(known) === `${plain(name)}s`);
  return close ? `; did you mean ${close}?` : '';
}

function withoutSecret(stage, region, declared) {
  const name = `--region ${region} --name /callout/${stage}`;
  const line = declared ? '' : `, and "${stage}: \${file(stages/${stage}.yml)}" under params in serverless.yml`;
  return [
    'secret: nothing was given, the ARN of a secret with the credentials of Tencent Cloud is wanted; these create one, free of charge:',
    `  aws ssm put-parameter ${name} --type SecureString --value file://keys.json`,
    `  aws ssm get-parameter ${name} --query Parameter.ARN --output text`,
    'keys.json is {"TENCENTCLOUD_SECRET_ID": "AKID...", "TENCENTCLOUD_SECRET_KEY": "..."}; delete it afterwards.',
    `Write "secret: ARN" into stages/${stage}.yml${line}.`,
  ].join('\n');
}

module.exports = { faults, WANTED };
