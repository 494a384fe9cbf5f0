// Writes the table of verbs into docs/http.md. After `npm run build`: node dist/test/support/write-api-table.js

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARGUMENTS } from '../../lib/protocol/control.generated.js';
import { VERBS } from '../../lib/protocol/control.js';
import { apiTable, withTable } from './api-table.js';
import { ROOT } from './fixtures.js';

const page = join(ROOT, 'docs', 'http.md');
writeFileSync(page, withTable(readFileSync(page, 'utf8'), apiTable(VERBS, ARGUMENTS)));
