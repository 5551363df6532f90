/** Both programs call it that. */
export const MOCK_TEE = '--mock-tee'
