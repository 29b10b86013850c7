export { UsersModule } from './users.module.js';
export { UserAccounts } from './user-accounts.service.js';
export { PasswordHasher } from './password-hasher.js';
export { normalEmail } from './domain/email.js';
export { NewPassword, UserId } from './dto/user.input.js';
