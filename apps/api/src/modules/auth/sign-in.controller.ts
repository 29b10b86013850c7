import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Access, CurrentPrincipal, Public } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { LoginInput, PasswordInput, RefreshInput, renderSignedIn, SignedInModel } from './dto/sign-in.dto.js';
import { type From, SignInService } from './sign-in.service.js';

const fromOf = (request: FastifyRequest): From => ({ requestId: request.id, address: request.ip });

@ApiTags('auth')
@Controller()
export class SignInController {
  constructor(private readonly signIn: SignInService) {}

  @Post('auth/login')
  @HttpCode(200)
  @Public('Signing in: e-mail and password are the credential')
  @ApiOkResponse({ standardSchema: SignedInModel })
  async login(@Req() request: FastifyRequest, @Body({ schema: LoginInput }) input: LoginInput) {
    return renderSignedIn(await this.signIn.login(fromOf(request), input.email, input.password));
  }

  @Post('auth/refresh')
  @HttpCode(200)
  @Public('The refresh token in the body is the credential')
  @ApiOkResponse({ standardSchema: SignedInModel })
  async refresh(@Req() request: FastifyRequest, @Body({ schema: RefreshInput }) input: RefreshInput) {
    return renderSignedIn(await this.signIn.refresh(fromOf(request), input.refresh_token));
  }

  @Post('auth/logout')
  @HttpCode(204)
  @Public('The refresh token in the body is the credential; the answer is the same whatever it is')
  @ApiNoContentResponse()
  logout(@Req() request: FastifyRequest, @Body({ schema: RefreshInput }) input: RefreshInput): Promise<void> {
    return this.signIn.logout(fromOf(request), input.refresh_token);
  }

  @Post('me/password')
  @HttpCode(204)
  @Access('me.password')
  @ApiBearerAuth()
  @ApiNoContentResponse()
  password(
    @CurrentPrincipal() principal: Principal,
    @Body({ schema: PasswordInput }) input: PasswordInput,
  ): Promise<void> {
    return this.signIn.changePassword(principal, input.present_password, input.new_password);
  }
}
