'use strict';
// What Tencent's hosted engine does with an instance of the `scf` component, with the library that the engine
// itself runs: puts in the variables of the instance, brings the code to COS, deploys; or removes.
//   node -r ./loopback.js component.js deploy|remove INSTANCE.json CODE.zip
// The last line that it writes is what it gives, as JSON.
const fs = require('fs');
const { Cos, Scf } = require('tencent-component-toolkit');

const APP_ID = '1250000000';
const CREDENTIALS = { SecretId: 'AKIDEXAMPLE', SecretKey: 'SECRETEXAMPLE' };

function put(value, variables) {
  if (typeof value === 'string') {
    return value.replace(/\$\{(\w+)\}/g, (whole, name) => variables[name] ?? whole);
  }
  if (Array.isArray(value)) return value.map((each) => put(each, variables));
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, put(each, variables)]));
  }
  return value;
}

async function deploy(inputs, region, code) {
  const bucket = `sls-cloudfunction-${region}-code`;
  const object = `/scf_component_${Date.now()}.zip`;
  const cos = new Cos(CREDENTIALS, region);
  await cos.deploy({ bucket: `${bucket}-${APP_ID}`, force: true });
  await cos.upload({ bucket: `${bucket}-${APP_ID}`, file: code, key: object });
  return new Scf(CREDENTIALS, region).deploy({ ...inputs, code: { bucket, object } });
}

async function main([command, instance, code]) {
  const { name, stage, app, inputs: given } = JSON.parse(fs.readFileSync(instance, 'utf8'));
  const inputs = put(given, { name, stage, app });
  const region = inputs.region || 'ap-guangzhou';
  const outputs =
    command === 'remove'
      ? await new Scf(CREDENTIALS, region).remove({ functionName: inputs.name, namespace: inputs.namespace })
      : await deploy(inputs, region, code);
  process.stdout.write(`\n${JSON.stringify(outputs)}\n`);
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
