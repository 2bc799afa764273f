// A token of a member of staff, as the tests of a deployment would sign it.
import { SignJWT } from 'jose';

export async function developmentToken(secret: string, subject = 'bench', role = 'staff'): Promise<string> {
  const token = new SignJWT({ sub: subject, roles: [role] }).setProtectedHeader({ alg: 'HS256' });
  return token.setExpirationTime('12h').sign(new TextEncoder().encode(secret));
}
