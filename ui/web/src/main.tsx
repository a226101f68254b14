import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Problem } from './api/problem';
import { App, preload } from './app/app';
import { startTheme } from './app/theme';
import { takeArrival } from './query/kept';

startTheme();
takeArrival();
preload(location.pathname);

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // What the node itself refuses does not get better by asking again at once.
      retry: (failures, error) =>
        failures < 2 && !(error instanceof Problem && error.status >= 400 && error.status < 500),
      retryDelay: 500,
      refetchOnWindowFocus: false,
    },
  },
});

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <App />
      </QueryClientProvider>
    </StrictMode>,
  );
}
