/** What an operator does with a document that was just written: the commands, ready to be pasted. */

const parameterOf = (stage: string): string => `/b3iq/${stage}/secrets`

export const afterNew = (
  stage: string,
  file: string,
): string => `Wrote ${file}, readable by you alone.

Store it in the account and region of the stage, before the first deployment:

  aws ssm put-parameter --type SecureString --name ${parameterOf(stage)} --value ${fileArgument(file)}

Then keep the file offline or delete it: whoever has it can sign receipts in your name.`

export const afterStep = (of: {
  readonly stage: string
  readonly file: string
  /** One sentence without its full stop. */
  readonly done: string
}): string => `Wrote ${of.file}, readable by you alone: ${of.done}.

Store it in the account and region of the stage:

  aws ssm put-parameter --overwrite --tier Intelligent-Tiering --type SecureString --name ${parameterOf(of.stage)} --value ${fileArgument(of.file)}

It prints a version, one above the one that you read. Another number means that somebody else stored a document meanwhile, or that you went on after a rollback: without a rollback, start again from theirs, or their key is lost. Put the version into infra/stages/${of.stage}.json as secretsVersion and deploy:

  npm run deploy -- -c stage=${of.stage}

Then delete both files. The document that is in use is fetched with, VERSION being the secretsVersion of that file:

  (umask 077; aws ssm get-parameter --with-decryption --name ${parameterOf(of.stage)}:VERSION --query Parameter.Value --output text > secrets.json)`

const fileArgument = (file: string): string => shellWord(`file://${file}`)

const shellWord = (text: string): string =>
  /^[\w/:.@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
