/**
 * Makes a compiled Node add-on prefer its own C++ symbols to Node's.
 *
 * The `rocksdb` package's Linux binary carries an old libstdc++'s templates (it compiles a std::regex while it is
 * loaded). Node from 20.12 on some builds, and every Node 22 and newer, exports newer templates of the same names, the
 * dynamic linker takes those, and the process aborts with std::bad_alloc. The mark DT_SYMBOLIC in the file's dynamic
 * section tells the linker to look in the file itself first. The linker that made the file left spare entries there, so
 * that nothing moves.
 */
import { Buffer } from 'node:buffer';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

const ELF64_LITTLE_ENDIAN = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
const PT_DYNAMIC = 2;
const DT_NULL = 0n;
const DT_SYMBOLIC = 16n;
const ENTRY_BYTES = 16;

/** True when the file carries the mark now; false, and nothing done, when it is no such file or has no spare entry. */
export function bindLocally(path) {
  const file = readFileSync(path);
  if (!file.subarray(0, ELF64_LITTLE_ENDIAN.length).equals(ELF64_LITTLE_ENDIAN)) return false;
  const section = dynamicSection(file);
  if (section === undefined) return false;
  for (let at = section.from; at + 2 * ENTRY_BYTES <= section.to; at += ENTRY_BYTES) {
    const tag = file.readBigUInt64LE(at);
    if (tag === DT_SYMBOLIC) return true;
    if (tag !== DT_NULL) continue;
    // The entry after it has to be the end of the list now.
    if (file.readBigUInt64LE(at + ENTRY_BYTES) !== DT_NULL) return false;
    file.writeBigUInt64LE(DT_SYMBOLIC, at);
    file.writeBigUInt64LE(0n, at + 8);
    // Not in place: a running process may have the file mapped.
    writeFileSync(`${path}.new`, file, { mode: 0o755 });
    renameSync(`${path}.new`, path);
    return true;
  }
  return false;
}

function dynamicSection(file) {
  const headers = Number(file.readBigUInt64LE(32));
  const headerBytes = file.readUInt16LE(54);
  const count = file.readUInt16LE(56);
  for (let at = headers; at < headers + count * headerBytes; at += headerBytes) {
    if (file.readUInt32LE(at) !== PT_DYNAMIC) continue;
    const from = Number(file.readBigUInt64LE(at + 8));
    return { from, to: from + Number(file.readBigUInt64LE(at + 32)) };
  }
  return undefined;
}
