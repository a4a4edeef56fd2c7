"use client";

import { Notice } from "@/components/notice";

export default function PageError({ reset }: { reset: () => void }) {
  return (
    <main>
      <Notice onRetry={reset}>This page has a problem.</Notice>
    </main>
  );
}
