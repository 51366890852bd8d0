'use strict';
// Is the secret there that a stage names? It is not decrypted: whoever deploys needs no permission for that.

const ABSENT = ['ParameterNotFound', 'ParameterVersionNotFound', 'ResourceNotFoundException'];

// A fault refuses the deployment; a doubt is only a warning, because the function's own role reads the secret. Nothing
// is returned if the secret is there. `configure` gives the configuration of a client of the AWS SDK.
async function lookUp(arn, configure) {
  const [, , service, region, account, ...resource] = arn.split(':');
  try {
    const config = await configure({ region });
    if (service === 'ssm') {
      const { GetParameterCommand, SSMClient } = require('@aws-sdk/client-ssm');
      await new SSMClient(config).send(new GetParameterCommand({ Name: arn, WithDecryption: false }));
      return {};
    }
    const { DescribeSecretCommand, SecretsManagerClient } = require('@aws-sdk/client-secrets-manager');
    const { DeletedDate } = await new SecretsManagerClient(config).send(new DescribeSecretCommand({ SecretId: arn }));
    return DeletedDate ? { fault: `secret: ${arn} is marked for deletion; aws secretsmanager restore-secret takes that back` } : {};
  } catch (error) {
    if (!ABSENT.includes(error.name)) {
      return { doubt: `secret: whether ${arn} exists could not be looked up (${error.name}: ${error.message})` };
    }
    const lines = [`secret: ${arn} does not exist in ${region} of account ${account}; this creates it:`];
    if (service === 'ssm') {
      const name = resource.join(':').replace(/^parameter/, '').replace(/^\/(?=[^/]+$)/, '');
      lines.push(`  aws ssm put-parameter --region ${region} --name ${name} --type SecureString --value file://keys.json`);
    } else {
      // AWS appends six characters to the name, anew each time.
      const name = resource.slice(1).join(':').replace(/-\w{6}$/, '');
      lines.push(`  aws secretsmanager create-secret --region ${region} --name ${name} --secret-string file://keys.json --query ARN`);
      lines.push('It prints the ARN to write into the file of the stage.');
    }
    return { fault: lines.join('\n') };
  }
}

module.exports = { lookUp };
