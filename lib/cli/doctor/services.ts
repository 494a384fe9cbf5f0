// What `doctor` says of the services files in the current folder.

import { join } from 'node:path';
import { checkedServices } from '../../control/checked-services.js';
import { messageOf } from '../../errors.js';
import type { ServicesCheck } from '../../protocol/services-check.js';
import type { Finding } from '../../system/finding.js';
import { fileNames } from '../../system/whole-files.js';

const SERVICES_FILE = /^app-cluster\.services\.(?:ya?ml|json|m?js|ts)$/;
const TOPIC = 'services file';

/** Nothing where there is none. */
export async function servicesFindings(folder: string): Promise<readonly Finding[]> {
  const files = fileNames(folder).filter(name => SERVICES_FILE.test(name));
  return (await Promise.all(files.map(name => findingsOf(join(folder, name), folder)))).flat();
}

async function findingsOf(file: string, folder: string): Promise<readonly Finding[]> {
  try {
    return findingsIn(await checkedServices([file], folder));
  } catch (error) {
    return [{ topic: TOPIC, value: messageOf(error), level: 'problem' }];
  }
}

function findingsIn({ file, services, problems, warnings }: ServicesCheck): readonly Finding[] {
  const count = `${services.length} ${services.length === 1 ? 'service' : 'services'}`;
  const all: readonly Finding[] = [
    ...problems.map(({ message }): Finding => ({ topic: TOPIC, value: message, level: 'problem' })),
    ...warnings.map((message): Finding => ({ topic: TOPIC, value: message, level: 'advice' })),
  ];
  return all.length > 0 ? all : [{ topic: TOPIC, value: `${file}: ${count}`, level: 'ok' }];
}
